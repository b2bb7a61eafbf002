"""`make up`: brings an installation in any state to a running stack with data and dashboards."""

from scripts.console import in_background, say, step, warn
from scripts.data.sample import load_sample
from scripts.examples.shop.loading import fill_if_empty
from scripts.settings import Settings, ignored_variables
from scripts.stack import build, build_state, dashboards, logins
from scripts.stack.build_inputs import REGISTRY_KEY
from scripts.stack.interface import Stack
from scripts.stack.provision import provision


def up(settings: Settings, stack: Stack) -> None:
    """Run all steps; each of them checks first whether there is something to do."""
    for key in ignored_variables(settings):
        warn(f"The environment variable {key} is ignored: .env has another value. Change .env.")
    stack.check()
    if build_state.read(settings, "build") is None:
        # dbt parses the project while the next steps wait for the network.
        build.parse_project(settings)
    with step("Checking the machine") as current:
        current.note(stack.prepare())
    with step("Preparing the server's Python") as current:
        current.note(stack.update_server_environment())
    with step("Starting PostgreSQL") as current:
        current.note(stack.start_database())
    with step("Roles, databases, schemas") as current:
        current.note(provision(settings, stack.superuser("postgres")))
    dashboards.update_readers_if_valid(settings)
    # Superset and the dashboards need the database server and no model, so they do not wait.
    with in_background(lambda: _publish(settings, stack)) as publishing:
        with step("Loading the sample data") as current:
            current.note(load_sample(settings.dsn("transformer"), settings.state / "data"))
        with step("Filling the shop") as current:
            current.note(fill_if_empty(settings.dsn("transformer"), current.progress))
        if build.is_current(settings, stack, REGISTRY_KEY):
            with step("Building the models (dbt)") as current:
                current.note("up to date")
        else:
            build.build(settings, stack, show=False)
        publishing()
    say()
    say(f"Superset   {settings.local_superset_url}")
    say(f"User       {settings.superset_admin_user}")
    say("Password   SUPERSET_ADMIN_PASSWORD in .env")


def _publish(settings: Settings, stack: Stack) -> None:
    """Prepare and start Superset, and push the dashboards."""
    with step("Preparing Superset") as current:
        current.note(stack.prepare_superset())
    with step("Starting Superset") as current:
        state = stack.start_superset()
        current.note(logins.repair_admin(settings, stack) or state)
    dashboards.push_if_needed(settings, stack)
