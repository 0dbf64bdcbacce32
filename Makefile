# Every target sets up what it needs; `make` alone lists them.
CLUSTER := operator/src/test/cluster
# The reaper of Testcontainers is one more image to pull; leftovers are cleared by label instead.
export TESTCONTAINERS_RYUK_DISABLED := true
export TESTCONTAINERS_REUSE_ENABLE := true
# Looked up by the first recipe that needs it.
JAVA = export JAVA_HOME="$$($(CLUSTER)/jdk.sh)" && [ -n "$$JAVA_HOME" ] &&

.DEFAULT_GOAL := help
.PHONY: help run stop install test unit it e2e faults bench gitops verify images package

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## a Kubernetes cluster with the operator and the example environment, served over HTTPS
	@$(CLUSTER)/engine.sh
	@$(JAVA) $(CLUSTER)/run.sh run

stop: ## remove the cluster of `make run` and all of its traces, and the one that TEST=<class> keeps
	@$(CLUSTER)/engine.sh
	@$(JAVA) $(CLUSTER)/run.sh stop

install: ## install the operator into a cluster of your own: CONTEXT=<kubectl context> IMAGE=<name:tag>
	@$(CLUSTER)/install.sh "$(CONTEXT)" "$(IMAGE)"

test: images ## every test: unit, integration on a real API server, end-to-end on a whole cluster
	@$(JAVA) $(CLUSTER)/test.sh all

unit: ## the tests that need no cluster
	@$(JAVA) $(CLUSTER)/test.sh unit

it: images ## the tests on a real API server; TEST=<class> runs one, on a cluster that stays
	@$(JAVA) $(CLUSTER)/test.sh $(if $(TEST),class "$(TEST)",it)

e2e: images ## the tests on a whole cluster; TEST=<class> runs one, on a cluster that stays
	@$(JAVA) $(CLUSTER)/test.sh $(if $(TEST),class "$(TEST)",e2e)

faults: images ## every field changed and changed back, a crash at every write: takes hours
	@$(JAVA) $(CLUSTER)/test.sh faults

bench: images ## how soon the operator acts, what it asks of the API server, how much memory it takes
	@$(JAVA) $(CLUSTER)/test.sh bench

gitops: images ## the real Argo CD and the real Flux beside the operator, ten minutes of their writes counted
	@$(CLUSTER)/gitops.sh
	@$(JAVA) $(CLUSTER)/test.sh gitops

verify: ## generate again what is generated, check the format, fail on a difference
	@$(JAVA) $(CLUSTER)/verify.sh

images: package ## provide every container image: kept, pulled, or built here when no registry answers
	@$(CLUSTER)/engine.sh
	@$(CLUSTER)/images.sh

package: ## compile the operator
	@$(JAVA) mvn -B -ntp -q -DskipTests package
