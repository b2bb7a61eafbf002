# Every verb of Glasshouse. `make` alone lists them; scripts/glasshouse does the work.
# Settings (POSTGRES_PORT, SUPERSET_PORT, MODE, YES, FORCE …) reach it through the environment.

GLASSHOUSE := scripts/glasshouse
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

##@ Running it
up:  ## Start everything, from nothing or from anything
	@$(GLASSHOUSE) up
down:  ## Stop everything; the data stay
	@$(GLASSHOUSE) down
status:  ## One line a part; exit code 0 when all is well
	@$(GLASSHOUSE) status
logs:  ## The last lines of each part's log (PART=superset for one)
	@$(GLASSHOUSE) logs $(PART)
backup:  ## Save the warehouse and Superset's metadata (TO=folder)
	@$(GLASSHOUSE) backup
restore:  ## Put a backup in the place of what is there (FROM=folder; asks; YES=1 does not)
	@$(GLASSHOUSE) restore
reset:  ## Stop everything and remove the data (asks; YES=1 does not)
	@$(GLASSHOUSE) reset

##@ Data and models
load:  ## Load a CSV file into a table (CSV=file [NAME=table] [SCHEMA=csv])
	@$(GLASSHOUSE) load csv "$(CSV)" --name "$(NAME)" --schema "$(or $(SCHEMA),csv)"
load-shop:  ## Fill the shop (FROM=simulator|online_retail|classicmodels [FILES=] [SIZE=] [SEED=])
	@$(GLASSHOUSE) load shop --from "$(or $(FROM),simulator)" --path "$(FILES)" --size "$(SIZE)" --seed "$(SEED)"
live:  ## Let the simulated shop live on ([SECONDS=5] a day, [DAYS=] to stop after)
	@$(GLASSHOUSE) live $(addprefix --seconds=,$(SECONDS)) $(addprefix --days=,$(DAYS))
refresh:  ## Bring everything up to date with what has arrived since the last build
	@$(GLASSHOUSE) refresh
build:  ## Functions, then models and reports (SELECT=node for some of them)
	@$(GLASSHOUSE) build $(addprefix --select=,$(SELECT))
docs:  ## Every table, column and the lineage, from source to dashboard, as one page to open
	@$(GLASSHOUSE) docs
psql:  ## psql on the warehouse; reads standard input when that is no terminal
	@$(GLASSHOUSE) psql

##@ Dashboards
plan:  ## What differs between git and Superset, and who changed it
	@$(GLASSHOUSE) plan
push:  ## From git to Superset (FORCE=1 overwrites what was changed there)
	@$(GLASSHOUSE) push
pull:  ## What was changed in Superset, back into git
	@$(GLASSHOUSE) pull
prune:  ## Remove from Superset what git has given up (shows; YES=1 acts)
	@$(GLASSHOUSE) prune
check:  ## Check the files; with a running server, every chart too (MAX_MS=500 MAX_ROWS=5000)
	@$(GLASSHOUSE) check
describe:  ## dbt's words into the datasets, and what the dashboards read into dbt (exposures)
	@$(GLASSHOUSE) describe
review:  ## What this branch changes on the dashboards, as Markdown (BASE=origin/main)
	@$(GLASSHOUSE) review
watch:  ## Push each time a file of the dashboards is saved; Ctrl+C ends it
	@$(GLASSHOUSE) watch
shots:  ## Pictures of every dashboard
	@$(GLASSHOUSE) shots

##@ The project itself
test:  ## All tests but the slow ones
	@$(GLASSHOUSE) test
test-unit:  ## Tests that need nothing running
	@$(GLASSHOUSE) test unit
test-integration:  ## Tests against a real database
	@$(GLASSHOUSE) test integration
test-e2e:  ## Tests of the whole stack, in a browser too
	@$(GLASSHOUSE) test e2e
test-slow:  ## Tests that take minutes each: kills, restores, long histories
	@$(GLASSHOUSE) test slow
bench:  ## Measure against rivals (NAME=words ROWS=1000000 RUNS=5); writes docs/benchmarks.md
	@$(GLASSHOUSE) bench --rows $(or $(ROWS),1000000) --runs $(or $(RUNS),5) $(NAME)
test-docker:  ## Tests of the stack in containers (makes an engine where there is none)
	@$(GLASSHOUSE) test docker
lint:  ## Check style and formatting
	@$(GLASSHOUSE) lint
format:  ## Format Python, SQL and YAML
	@$(GLASSHOUSE) format
reference:  ## Write docs/reference.md anew from the functions' own words
	@$(GLASSHOUSE) reference
lock:  ## Write the requirements.lock files anew (UPGRADE=--upgrade for newer versions)
	@$(GLASSHOUSE) lock $(UPGRADE)

help:
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make \033[36m%-17s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

.PHONY: $(shell awk -F: '/^[a-z0-9-]+:/ {print $$1}' $(MAKEFILE_LIST))
