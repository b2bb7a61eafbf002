# The commands of Glasshouse. `make` alone lists them; scripts/glasshouse does the work.
# Settings (POSTGRES_PORT, SUPERSET_PORT, MODE, YES, FORCE …) are passed as environment variables.

GLASSHOUSE := scripts/glasshouse
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

##@ Run the stack
up:  ## Start the stack, build the models, push the dashboards; installs what is missing
	@$(GLASSHOUSE) up
down:  ## Stop the stack and keep the data
	@$(GLASSHOUSE) down
status:  ## Show the state of each part; exit code 0 if all are healthy
	@$(GLASSHOUSE) status
logs:  ## Show the last lines of each part's log (PART=superset for one part)
	@$(GLASSHOUSE) logs $(PART)
backup:  ## Back up databases, trained models and Superset's metadata (TO=folder)
	@$(GLASSHOUSE) backup
restore:  ## Replace the databases with a backup (FROM=folder; asks first, unless YES=1)
	@$(GLASSHOUSE) restore
reset:  ## Stop the stack and remove its data (asks first, unless YES=1)
	@$(GLASSHOUSE) reset

##@ Data and models
load:  ## Load a CSV file into a table (CSV=file [NAME=table] [SCHEMA=csv])
	@$(GLASSHOUSE) load "$(CSV)" --name "$(NAME)" --schema "$(or $(SCHEMA),csv)"
load-shop:  ## Fill the example shop (FROM=simulator|online_retail|classicmodels [FILES=] [SIZE=] [SEED=])
	@$(GLASSHOUSE) load-shop --from "$(or $(FROM),simulator)" --path "$(FILES)" --size "$(SIZE)" --seed "$(SEED)"
live:  ## Simulate new days of the shop ([SECONDS=5] per day, [DAYS=] to stop after)
	@$(GLASSHOUSE) live $(addprefix --seconds=,$(SECONDS)) $(addprefix --days=,$(DAYS))
refresh:  ## Process everything that arrived since the last build
	@$(GLASSHOUSE) refresh
build:  ## Build the functions, then the models and reports (SELECT=node for some of them)
	@$(GLASSHOUSE) build $(addprefix --select=,$(SELECT))
docs:  ## Write the documentation of tables, columns and lineage as one page
	@$(GLASSHOUSE) docs
psql:  ## Run psql on the warehouse; reads standard input if it is no terminal
	@$(GLASSHOUSE) psql

##@ Dashboards
plan:  ## Show the differences between git and Superset, and who changed what
	@$(GLASSHOUSE) plan
push:  ## Write the dashboards from git to Superset (FORCE=1 overwrites changes made there)
	@$(GLASSHOUSE) push
pull:  ## Write changes made in Superset back to git
	@$(GLASSHOUSE) pull
prune:  ## List assets that git no longer contains; YES=1 removes them from Superset
	@$(GLASSHOUSE) prune
check:  ## Check the files; with a running server, every chart too (MAX_MS=500 MAX_ROWS=5000)
	@$(GLASSHOUSE) check
describe:  ## Copy dbt's descriptions into the datasets, and the dashboards into dbt (exposures)
	@$(GLASSHOUSE) describe
review:  ## Show what this branch changes on the dashboards, as Markdown (BASE=origin/main)
	@$(GLASSHOUSE) review
watch:  ## Push whenever a file of the dashboards is saved; Ctrl+C stops it
	@$(GLASSHOUSE) watch
shots:  ## Take pictures of every dashboard
	@$(GLASSHOUSE) shots

##@ Development
test:  ## Run all tests
	@$(GLASSHOUSE) test
test-unit:  ## Run the tests that need no server
	@$(GLASSHOUSE) test unit
test-integration:  ## Run the tests against a real database
	@$(GLASSHOUSE) test integration
test-e2e:  ## Run the tests of the whole stack, with a browser
	@$(GLASSHOUSE) test e2e
bench:  ## Measure against other libraries (NAME=words ROWS=1000000 RUNS=5); writes docs/benchmarks.md
	@$(GLASSHOUSE) bench --rows $(or $(ROWS),1000000) --runs $(or $(RUNS),5) $(NAME)
test-docker:  ## Test the stack in containers (starts a temporary engine if there is none)
	@$(GLASSHOUSE) test docker
lint:  ## Check style and formatting
	@$(GLASSHOUSE) lint
format:  ## Format Python, SQL and YAML
	@$(GLASSHOUSE) format
reference:  ## Write docs/reference.md from the descriptions of the functions and tables
	@$(GLASSHOUSE) reference
lock:  ## Write the requirements.lock files (UPGRADE=--upgrade for newer versions)
	@$(GLASSHOUSE) lock $(UPGRADE)

help:
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make \033[36m%-17s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

.PHONY: $(shell awk -F: '/^[a-z0-9-]+:/ {print $$1}' $(MAKEFILE_LIST))
