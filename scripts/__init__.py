"""The `glasshouse` command and what runs behind it.

A module imports only from the lines above its own line; imports inside functions and under
`TYPE_CHECKING` count.

    bootstrap            standard library only: installs the environment in which the rest runs
    errors               the error that users see
    console, resources   printed steps and messages; full disks and missing memory
    database_url         the address of a server that runs already
    env_file             the lines of `.env`
    environments         named environments (ENV=staging)
    settings             the settings of one installation
    fingerprint          hashes of files
    dbt_nodes            names of dbt nodes that macros refer to
    assets, data         dashboards as code; CSV files
    examples             example data
    stack                PostgreSQL, Superset, dbt builds, backups
    add                  a table of the user becomes a model
    docker_tests, testing, lint, dependencies, reference, bench
    cli                  collects the commands

Order inside `stack`:

    build_state, paths, processes, extras
    interface            the contract of both ways to run the stack
    signing_key          the key with which the server signs models
    superset_client      version and health of Superset
    native, docker       one implementation of the contract each; they do not import each other
    external             an existing server; Superset is the one of `native`
    selection            opens the implementation that an installation uses
    dbt
    build_inputs, dbt_state, registry, shop_load, warehouse_upgrade
    build
    provision, docs, dashboards, backup
    status, restore, up
    commands
"""
