# Every verb of Glasshouse. `make` alone lists them; scripts/glasshouse does the work.
# It reads settings (POSTGRES_PORT, SUPERSET_PORT, MODE, YES, FORCE …) from the environment.

GLASSHOUSE := scripts/glasshouse
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A value as one word of the shell, so that a file's name is never run as a command.
quote = '$(subst ','\'',$(1))'
upper = $(shell echo $(1) | tr a-z A-Z)
option = $(if $(2),--$(1)=$(call quote,$(2)))
# An escape sequence of a terminal that understands it; make sets MAKE_TERMOUT at a terminal only.
style = $(if $(and $(MAKE_TERMOUT),$(filter-out dumb unknown,$(TERM))),\033[$(1)m)

##@ Run
up:  ## Start everything; install, load data and train where that is not done yet
	@$(GLASSHOUSE) up
down:  ## Stop everything and keep the data
	@$(GLASSHOUSE) down
status:  ## Show the state of each part; exit code 0 means that every part works
	@$(GLASSHOUSE) status
doctor:  ## List what the database server lacks, each with its remedy; exit code 0: nothing
	@$(GLASSHOUSE) doctor
logs:  ## Show the last lines of each log (PART=superset for one part)
	@$(GLASSHOUSE) logs $(if $(PART),$(call quote,$(PART)))
backup:  ## Back up the database, the models and Superset's metadata (TO=folder)
	@$(GLASSHOUSE) backup
restore:  ## Replace the current state with a backup (FROM=folder; asks first, YES=1 does not)
	@$(GLASSHOUSE) restore
reset:  ## Stop everything and delete the data (asks first, YES=1 does not)
	@$(GLASSHOUSE) reset

##@ Data and models
load:  ## Load CSV or Parquet files (CSV=file [NAME= SCHEMA=csv ENCODING= HEADER=yes|no QUOTES=text CONVERT="price:money" MISSING=])
	@$(GLASSHOUSE) load $(call quote,$(CSV)) --name $(call quote,$(NAME)) --schema $(call quote,$(or $(SCHEMA),csv))
add:  ## Make a model of a table (CSV=files TARGET=column [NAME= KEY= TASK= TIME= SERIES= HORIZON= FREQUENCY= GROUP= DROP= TEST= TABLE= OWNER=])
	@$(GLASSHOUSE) add $(foreach word,csv table target name key task time series horizon frequency group drop test owner,$(call option,$(word),$($(call upper,$(word)))))
remove:  ## Remove a model that make add has made (NAME=model; asks first, YES=1 does not)
	@$(GLASSHOUSE) remove $(call quote,$(NAME))
submission:  ## Write the predictions of the rows without a label as CSV (NAME=model [SAMPLE=sample.csv] [TO=file])
	@$(GLASSHOUSE) submission $(call quote,$(NAME)) $(call option,sample,$(SAMPLE)) $(call option,to,$(TO))
export:  ## Write a model as plain SQL for a server without PL/Python (NAME=model TO=folder [VERSION=])
	@$(GLASSHOUSE) export $(call quote,$(NAME)) $(call option,to,$(TO)) $(call option,version,$(VERSION))
feature:  ## Create a feature file of a model, an open task at first (NAME=model FEATURE=name [OWNER=])
	@$(GLASSHOUSE) feature $(call quote,$(NAME)) $(call option,feature,$(FEATURE)) $(call option,owner,$(OWNER))
contest:  ## Measure what each group of features adds to a model (NAME=model)
	@$(GLASSHOUSE) contest $(call quote,$(NAME))
compare:  ## Print how the scores of this branch differ from those of the base, as Markdown (BASE=main)
	@$(GLASSHOUSE) compare
load-shop:  ## Load a shop (FROM=simulator|online_retail|classicmodels [FILES=] [SIZE=] [SEED=])
	@$(GLASSHOUSE) load-shop --from $(call quote,$(or $(FROM),simulator)) --path $(call quote,$(FILES)) --size $(call quote,$(SIZE)) --seed $(call quote,$(SEED))
live:  ## Simulate new days in the shop ([SECONDS=5] per day, [DAYS=] to stop after)
	@$(GLASSHOUSE) live $(call option,seconds,$(SECONDS)) $(call option,days,$(DAYS))
replay:  ## Repeat the shop's recorded history (FROM=2011-06-01 TO=2011-12-01 [STEP=days]; asks first)
	@$(GLASSHOUSE) replay $(call option,from,$(FROM)) $(call option,to,$(TO)) $(call option,step,$(STEP))
refresh:  ## Process the rows that arrived since the last build
	@$(GLASSHOUSE) refresh
watch-data:  ## Refresh after each notification of the database; Ctrl+C ends it
	@$(GLASSHOUSE) watch-data
build:  ## Build functions, features, models, predictions and reports (SELECT=node for a part)
	@$(GLASSHOUSE) build $(foreach node,$(SELECT),$(call option,select,$(node)))
docs:  ## Write one page with every table, every column and the lineage
	@$(GLASSHOUSE) docs
psql:  ## Open psql on the warehouse, or run the SQL from standard input
	@$(GLASSHOUSE) psql

sandbox:  ## Give a guest a login, a schema and dashboards (NAME=guest [QUOTA=200MB] [RENEW=1]; REMOVE=1 takes it back)
	@$(GLASSHOUSE) sandbox $(call quote,$(NAME)) $(call option,quota,$(QUOTA))

##@ Dashboards
plan:  ## Show what differs between git and Superset, and who changed it
	@$(GLASSHOUSE) plan
push:  ## Bring the dashboards from git to Superset (FORCE=1 overwrites changes made there)
	@$(GLASSHOUSE) push
pull:  ## Write the changes made in Superset into the files
	@$(GLASSHOUSE) pull
import:  ## Write a bundle made elsewhere into the files (FROM=export.zip or a folder)
	@$(GLASSHOUSE) import $(call option,from,$(FROM))
prune:  ## Remove from Superset what git no longer contains (lists it; YES=1 removes it)
	@$(GLASSHOUSE) prune
check:  ## Check the files and, with a running server, every chart (MAX_MS=500 MAX_ROWS=5000)
	@$(GLASSHOUSE) check
describe:  ## Copy dbt's descriptions into the datasets, and write dbt's exposures
	@$(GLASSHOUSE) describe
review:  ## Print what this branch changes on the dashboards, as Markdown (BASE=origin/main)
	@$(GLASSHOUSE) review
watch:  ## Push each time a dashboard file is saved; Ctrl+C ends it
	@$(GLASSHOUSE) watch
shots:  ## Take a screenshot of every tab of every dashboard
	@$(GLASSHOUSE) shots

##@ Development
test:  ## Run all tests but the slow ones
	@$(GLASSHOUSE) test
test-unit:  ## Run the tests that need no running service
	@$(GLASSHOUSE) test unit
test-integration:  ## Run the tests against PostgreSQL and dbt
	@$(GLASSHOUSE) test integration
test-e2e:  ## Run the tests of the whole stack, also in a browser
	@$(GLASSHOUSE) test e2e
test-slow:  ## Run the tests that take minutes each: kills, restores, long histories
	@$(GLASSHOUSE) test slow
test-docker:  ## Run the tests of the stack in containers (installs an engine where there is none)
	@$(GLASSHOUSE) test docker
coverage:  ## Run the unit tests and report the lines that they do not execute
	@$(GLASSHOUSE) test unit --cov --cov-report=term --cov-report=html
bench:  ## Measure against other tools (NAME=words ROWS=1000000 RUNS=5); writes docs/benchmarks.md
	@$(GLASSHOUSE) bench $(call option,rows,$(or $(ROWS),1000000)) $(call option,runs,$(or $(RUNS),5)) $(foreach word,$(NAME),$(call quote,$(word)))
lint:  ## Check style, formatting, imports and types
	@$(GLASSHOUSE) lint
format:  ## Format Python, SQL and YAML
	@$(GLASSHOUSE) format
reference:  ## Write docs/reference.md from the comments of the functions and tables
	@$(GLASSHOUSE) reference
lock:  ## Write the requirements.lock files (UPGRADE=--upgrade for newer versions)
	@$(GLASSHOUSE) lock $(if $(UPGRADE),$(call quote,$(UPGRADE)))
audit:  ## Look up known vulnerabilities of the locked packages
	@$(GLASSHOUSE) audit

help:
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n$(call style,1)%s$(call style,0)\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make $(call style,36)%-17s$(call style,0) %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo

.PHONY: $(shell awk -F: '/^[a-z0-9-]+:/ {print $$1}' $(MAKEFILE_LIST))
