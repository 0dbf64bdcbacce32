package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.SmokeReport.Outcome;
import ru.scoliologic.staging.api.SmokeReport.Result;
import ru.scoliologic.staging.api.ValidationSpec.Priority;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.ConfigurationHash;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.validation.ContainerChecks.Entrance;
import ru.scoliologic.staging.validation.ContainerChecks.Surface;
import ru.scoliologic.staging.validation.JUnitReport.Case;

class ContainerChecksTest {
  private static final KeyRef TOKEN = new KeyRef("given", "API_TOKEN");
  private static final Surface SURFACE = surface("sample-app:1", "", "first-value", "PEM");

  private static Surface surface(String image, String request, String secret, String ca) {
    return new Surface(
        image,
        request,
        new ConfigurationHash("cfg"),
        new Entrance("10.0.0.7", ca, false, "access-check-token"),
        Map.of(TOKEN, secret));
  }

  private static Given asking(String more) {
    return Given.aGoodStart()
        .edited(yaml ->
            yaml
                + """
                  validation:
                    containers:
                    - name: browser
                      group: e2e
                      priority: Critical
                      image: browser:1
                      command: [npx, playwright]
                      timeoutSeconds: 90
                      env:
                      - {name: START, value: $(APP_URL)/login}
                      - {name: TOKEN, secretKeyRef: {name: given, key: API_TOKEN}}
                """
                + more);
  }

  private static ContainerChecks decide(Given given) {
    return ContainerChecks.decide(given.snapshot(), SURFACE);
  }

  private static Job due(ContainerChecks checks) {
    assertThat(checks.due()).hasSize(1);
    return (Job) checks.due().getFirst();
  }

  private static Job firstJob(String more) {
    return due(decide(asking(more)));
  }

  private static Job ended(Job job, String type, String reason, Instant at) {
    return new JobBuilder(job)
        .withNewStatus()
        .addNewCondition()
        .withType(type)
        .withStatus("True")
        .withReason(reason)
        .withMessage("Job has reached the specified backoff limit")
        .withLastTransitionTime(at.toString())
        .endCondition()
        .endStatus()
        .build();
  }

  private static Pod pod(Job job, int exitCode, String reason) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("check-1")
        .withLabels(
            Map.of(
                Labels.COMPONENT,
                ComponentName.CHECK.label(),
                "batch.kubernetes.io/job-name",
                job.getMetadata().getName()))
        .endMetadata()
        .withNewStatus()
        .withPhase(exitCode == 0 ? "Succeeded" : "Failed")
        .withReason(reason)
        .addNewContainerStatus()
        .withName("check")
        .withReady(false)
        .withNewState()
        .withNewTerminated()
        .withExitCode(exitCode)
        .endTerminated()
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  private static List<Result> results(Given given) {
    return decide(given).results(Map.of());
  }

  @Test
  void an_environment_without_any_plans_nothing() {
    var checks = decide(Given.aGoodStart());

    assertThat(checks.plan()).isEmpty();
    assertThat(checks.due()).isEmpty();
    assertThat(checks.waiting()).isEmpty();
    assertThat(checks.next()).isEmpty();
  }

  @Test
  void the_job_is_hardened_has_a_deadline_that_leaves_its_log_and_is_not_retried() {
    var spec = firstJob("").getSpec();
    var pod = spec.getTemplate().getSpec();

    assertThat(spec.getBackoffLimit()).isZero();
    assertThat(pod.getActiveDeadlineSeconds()).isEqualTo(90);
    assertThat(spec.getActiveDeadlineSeconds()).isEqualTo(150);
    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getContainers().getFirst().getSecurityContext().getReadOnlyRootFilesystem())
        .isTrue();
  }

  @Test
  void it_reaches_the_domains_at_the_ingress_and_can_trust_its_authority() {
    var plan = decide(asking("")).plan();
    var pod = firstJob("").getSpec().getTemplate().getSpec();
    var env =
        pod.getContainers().getFirst().getEnv().stream()
            .filter(variable -> variable.getValue() != null)
            .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));

    assertThat(pod.getHostAliases())
        .singleElement()
        .satisfies(alias -> {
          assertThat(alias.getIp()).isEqualTo("10.0.0.7");
          assertThat(alias.getHostnames())
              .containsExactly("app.staging.test", "traefik.staging.test");
        });
    assertThat(env)
        .containsEntry("APP_URL", "https://app.staging.test")
        .containsEntry("NODE_EXTRA_CA_CERTS", "/staging/ca.crt")
        .containsEntry("START", "$(APP_URL)/login");
    assertThat(plan)
        .extracting(PlannedObject::object)
        .filteredOn(ConfigMap.class::isInstance)
        .singleElement()
        .satisfies(map -> assertThat(((ConfigMap) map).getData()).containsEntry("ca.crt", "PEM"));
    assertThat(plan)
        .extracting(PlannedObject::object)
        .filteredOn(NetworkPolicy.class::isInstance)
        .singleElement()
        .satisfies(policy -> assertThat(((NetworkPolicy) policy).getSpec().getIngress()).isEmpty());
  }

  @Test
  void a_secret_is_referred_to_and_never_written() {
    var job = firstJob("");

    assertThat(job.toString()).doesNotContain("first-value");
    assertThat(job.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv())
        .filteredOn(variable -> variable.getName().equals("TOKEN"))
        .singleElement()
        .satisfies(variable ->
            assertThat(variable.getValueFrom().getSecretKeyRef().getKey()).isEqualTo("API_TOKEN"));
  }

  @Test
  void a_variable_that_the_check_gives_itself_stands_once() {
    var more = "      - {name: APP_URL, value: 'https://other'}\n";
    var env = firstJob(more).getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv();

    assertThat(env).extracting(EnvVar::getName).doesNotHaveDuplicates();
    assertThat(env)
        .filteredOn(v -> v.getName().equals("APP_URL"))
        .singleElement()
        .satisfies(v -> assertThat(v.getValue()).isEqualTo("https://other"));
  }

  @Test
  void before_the_first_answer_it_is_pending_and_waited_for() {
    var checks = decide(asking(""));

    assertThat(checks.waiting().orElseThrow().message()).isEqualTo("checks run: browser is to run");
    assertThat(results(asking(""))).extracting(Result::outcome).containsExactly(Outcome.Pending);
    assertThat(checks.plan())
        .filteredOn(p -> p.object() instanceof Job)
        .allMatch(PlannedObject::held);
  }

  @Test
  void one_that_runs_is_not_started_again() {
    var checks = decide(asking("").owning(firstJob("")));

    assertThat(checks.due()).isEmpty();
    assertThat(checks.waiting()).isPresent();
  }

  @Test
  void a_fresh_answer_holds_and_nothing_is_started_until_its_period_is_over() {
    var job = ended(firstJob(""), "Complete", "CompletionsReached", Given.NOW);

    var checks = decide(asking("").owning(job));
    assertThat(checks.due()).isEmpty();
    assertThat(checks.waiting()).isEmpty();
    assertThat(checks.next()).contains(Given.NOW.plusSeconds(3600));
    assertThat(results(asking("").owning(job)))
        .containsExactly(new Result("browser", "e2e", Priority.Critical, Outcome.Passed, null));
  }

  @Test
  void after_the_period_another_job_runs_and_the_old_answer_holds_until_it_ends() {
    var old = ended(firstJob(""), "Complete", "CompletionsReached", Given.NOW);
    var later = Given.NOW.plusSeconds(3601);
    var again = due(decide(asking("").owning(old).at(later)));
    var both = asking("").owning(old, again).at(later);

    assertThat(again.getMetadata().getName()).isNotEqualTo(old.getMetadata().getName());
    assertThat(decide(both).due()).isEmpty();
    assertThat(decide(both).waiting()).isEmpty();
    assertThat(keys(decide(both))).contains(name(old), name(again));

    var done = asking("").owning(old, ended(again, "Failed", "BackoffLimitExceeded", later));
    assertThat(results(done.at(later))).extracting(Result::outcome).containsExactly(Outcome.Failed);
    assertThat(keys(decide(done))).contains(name(again)).doesNotContain(name(old));
  }

  private static List<String> keys(ContainerChecks checks) {
    return checks.plan().stream().map(p -> name(p.object())).toList();
  }

  private static String name(HasMetadata object) {
    return object.getMetadata().getName();
  }

  @Test
  void a_failed_one_is_run_again_after_minutes_and_not_at_every_look() {
    var failed = ended(firstJob(""), "Failed", "BackoffLimitExceeded", Given.NOW);

    assertThat(decide(asking("").owning(failed).at(Given.NOW.plusSeconds(5))).due()).isEmpty();
    assertThat(
            decide(
                    asking("")
                        .owning(failed)
                        .at(Given.NOW.plus(ContainerChecks.AFTER_FAILURE.plusSeconds(1))))
                .due())
        .hasSize(1);
  }

  @Test
  void a_failed_one_that_holds_nothing_up_waits_for_its_period() {
    var failed = ended(firstJob(""), "Failed", "BackoffLimitExceeded", Given.NOW);
    assertThat(decide(asking("").owning(failed)).next())
        .contains(Given.NOW.plus(ContainerChecks.AFTER_FAILURE));

    var job = ended(due(decide(important())), "Failed", "BackoffLimitExceeded", Given.NOW);
    assertThat(decide(important().owning(job)).next()).contains(Given.NOW.plusSeconds(3600));
  }

  private static Given important() {
    return Given.aGoodStart()
        .edited(yaml -> yaml + "  validation: {containers: [{name: a, image: b}]}\n");
  }

  @Test
  void a_job_whose_pod_was_not_yet_seen_to_end_has_no_answer_yet() {
    var failed = ended(firstJob(""), "Failed", "BackoffLimitExceeded", Given.NOW);
    var pod = pod(failed, 3, null);
    pod.getStatus().setPhase("Running");

    var checks = decide(asking("").owning(failed).pod(pod));

    assertThat(checks.waiting()).isPresent();
    assertThat(checks.due()).isEmpty();
    assertThat(keys(checks)).contains(name(failed));
  }

  @Test
  void one_of_which_nothing_could_run_says_nothing_and_is_made_anew_after_a_while() {
    var refused = ended(firstJob(""), "Failed", "BackoffLimitExceeded", Given.NOW);
    var pulling =
        new PodBuilder(pod(refused, 1, "DeadlineExceeded"))
            .editStatus()
            .editFirstContainerStatus()
            .withNewState()
            .withNewWaiting("not found", "ImagePullBackOff")
            .endState()
            .endContainerStatus()
            .endStatus()
            .build();
    var withoutNode = ended(firstJob(""), "Failed", "DeadlineExceeded", Given.NOW);

    for (var given :
        List.of(asking("").owning(refused).pod(pulling), asking("").owning(withoutNode))) {
      var checks = decide(given);
      assertThat(results(given)).extracting(Result::outcome).containsExactly(Outcome.Pending);
      assertThat(checks.waiting().orElseThrow().message()).contains("could not start");
      assertThat(keys(checks)).contains(name(refused));

      var later = decide(given.at(Given.NOW.plusSeconds(60)));
      assertThat(later.waiting()).isPresent();
      assertThat(keys(later)).doesNotContain(name(refused));
    }
  }

  @Test
  void another_version_request_or_secret_is_another_run() {
    var done = ended(firstJob(""), "Complete", "CompletionsReached", Given.NOW);
    var snapshot = asking("").owning(done).snapshot();

    for (var other :
        List.of(
            surface("sample-app:2", "", "first-value", "PEM"),
            surface("sample-app:1", "again", "first-value", "PEM"),
            surface("sample-app:1", "", "second-value", "PEM"))) {
      var checks = ContainerChecks.decide(snapshot, other);
      assertThat(checks.due()).as(other.toString()).hasSize(1);
      assertThat(checks.waiting()).isPresent();
      assertThat(keys(checks)).doesNotContain(name(done));
    }
  }

  @Test
  void one_that_failed_tells_its_exit_code_and_the_end_of_its_log() {
    var failed = ended(firstJob(""), "Failed", "BackoffLimitExceeded", Given.NOW);

    var results =
        results(
            asking("")
                .owning(failed)
                .pod(pod(failed, 3, null))
                .logTail("check-1", "no sign-in\nbutton"));

    assertThat(results.getFirst().message())
        .isEqualTo(
            "container check ended with exit code 3: button; its last lines: no sign-in; button");
  }

  @Test
  void one_that_takes_too_long_is_told_as_such_with_its_log() {
    var late = ended(firstJob(""), "Failed", "BackoffLimitExceeded", Given.NOW);

    var results =
        results(
            asking("")
                .owning(late)
                .pod(pod(late, 137, "DeadlineExceeded"))
                .logTail("check-1", "still waiting"));

    assertThat(results.getFirst().message())
        .startsWith("did not end within 90 seconds")
        .endsWith("still waiting");
  }

  @Test
  void each_case_of_a_report_is_a_line_and_a_crash_after_them_is_another() {
    var junit = "      result: JUnit\n";
    var job = ended(firstJob(junit), "Failed", "BackoffLimitExceeded", Given.NOW);
    var checks = decide(asking(junit).owning(job).pod(pod(job, 1, null)));
    var well = new Case("front", Optional.empty());
    var bad = new Case("settings", Optional.of("no heading"));

    assertThat(checks.reporting()).containsExactly(job);
    assertThat(report(checks, job, well, bad))
        .containsExactly(
            new Result("browser: front", "e2e", Priority.Critical, Outcome.Passed, null),
            new Result(
                "browser: settings", "e2e", Priority.Critical, Outcome.Failed, "no heading"));
    assertThat(report(checks, job, well).getLast().message())
        .startsWith("no test case failed, but container check ended with exit code 1");
    assertThat(checks.results(Map.of()).getFirst().message())
        .startsWith("its pod is gone, and its report with it");
  }

  private static List<Result> report(ContainerChecks checks, Job job, Case... cases) {
    return checks.results(Map.of(name(job), new JUnitReport(List.of(cases), Optional.empty())));
  }

  @Test
  void the_longest_name_of_an_environment_leaves_a_name_that_a_pod_can_have() {
    var name =
        new ru.scoliologic.staging.cluster.kube.Names("e".repeat(40)).check("12345678", "123456");

    assertThat(name).hasSizeLessThanOrEqualTo(63);
  }
}
