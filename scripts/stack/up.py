"""`make up`: from nothing, or from anything, to a running, filled, synced stack."""

from concurrent.futures import ThreadPoolExecutor

from scripts.console import say, step, warn
from scripts.data.sample import load_sample
from scripts.examples.shop.loading import fill_if_empty
from scripts.settings import Settings, ignored_variables
from scripts.stack import build, dashboards
from scripts.stack.interface import Stack
from scripts.stack.provision import provision


def up(settings: Settings, stack: Stack) -> None:
    """Each step looks for itself whether there is something to do."""
    for key in ignored_variables(settings):
        warn(f"{key} in the environment is not used: .env says otherwise. Change .env instead.")
    stack.check()
    with step("Checking the machine") as current:
        current.note(stack.prepare())
    with step("Preparing the server's Python") as current:
        current.note(stack.update_server_environment())
    with step("Starting PostgreSQL") as current:
        current.note(stack.start_database())
    with step("Roles, databases, schemas") as current:
        current.note(provision(settings, stack.superuser("postgres")))
    with step("Loading the sample data") as current:
        current.note(load_sample(settings.dsn("transformer"), settings.state / "data"))
    with step("Filling the shop") as current:
        current.note(fill_if_empty(settings.dsn("transformer"), current.progress))
    with ThreadPoolExecutor(max_workers=1) as beside:
        # It needs the database server alone, and is ready by the time dbt is.
        preparing = beside.submit(stack.prepare_superset)
        if build.is_current(settings, stack):
            with step("Building the models (dbt)") as current:
                current.note("up to date")
        else:
            build.build(settings, stack, show=False)
        with step("Preparing Superset") as current:
            current.note(preparing.result())
    with step("Starting Superset") as current:
        current.note(stack.start_superset())
    dashboards.push_if_needed(settings, stack)
    say()
    say(f"Superset   {settings.local_superset_url}")
    say(f"User       {settings.superset_admin_user}")
    say("Password   SUPERSET_ADMIN_PASSWORD in .env")
