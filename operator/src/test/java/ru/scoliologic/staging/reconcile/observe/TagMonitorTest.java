package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.RegistryLogin;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.assess.RolloutOutcome;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.registry.ImageName;
import ru.scoliologic.staging.registry.Registries;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.RolloutDecision.Checks;
import ru.scoliologic.staging.stage.Conditions;

class TagMonitorTest {
  private static final String IMAGE = "sample-app:1";
  private static final String ID = AppVersion.ofImage(IMAGE).id();
  private static final String OLD = "sha256:" + "0a".repeat(32);
  private static final String NEW = "sha256:" + "0b".repeat(32);

  private final Deque<Runnable> beside = new ArrayDeque<>();
  private final List<ResourceID> woken = new ArrayList<>();
  private final List<String> asked = new ArrayList<>();
  private Instant now = Given.NOW;
  private String registrySays = NEW;
  private boolean unreachable;
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private TagMonitor watch;

  @BeforeEach
  void a_watch() {
    watch = new TagMonitor(this::ask, this::later, woken::add, () -> now, memories);
  }

  private Future<?> later(String namespace, Runnable task) {
    beside.add(task);
    return CompletableFuture.completedFuture(namespace);
  }

  private String ask(ImageName image, Optional<RegistryLogin> login) throws IOException {
    asked.add(login.map(RegistryLogin::user).orElse("-") + " " + image.repository());
    if (unreachable) {
      throw new Registries.Unreachable("registry-1.docker.io cannot be reached", null);
    }
    if (registrySays == null) {
      throw new IOException("registry-1.docker.io has no library/sample-app:1");
    }
    return registrySays;
  }

  private void theRegistryAnswers() {
    while (!beside.isEmpty()) {
      beside.remove().run();
    }
  }

  private static Plan plan(Snapshot snapshot) {
    return Plan.of(snapshot, Configuration.resolve(snapshot), Checks.UNKNOWN);
  }

  private static PlannedObject planned(Snapshot snapshot) {
    return plan(snapshot).objects().stream()
        .filter(p -> p.object() instanceof Deployment)
        .filter(p -> p.object().getMetadata().getName().equals("demo-app-" + ID))
        .findFirst()
        .orElseThrow();
  }

  /** What a version waits for beside the answer. */
  private static Given withDatabases(Given given) {
    var redis = Given.servingPostgres();
    redis.getMetadata().setName("demo-redis");
    return given.owning(Given.servingPostgres(), redis);
  }

  private static PlannedObject migration(Snapshot snapshot) {
    return plan(snapshot).objects().stream()
        .filter(p -> p.object() instanceof Job)
        .filter(p -> p.object().getMetadata().getName().startsWith("demo-migrate"))
        .findFirst()
        .orElseThrow();
  }

  private static Container container(HasMetadata deployment) {
    return ((Deployment) deployment).getSpec().getTemplate().getSpec().getContainers().getFirst();
  }

  private static String image(HasMetadata deployment) {
    return container(deployment).getImage();
  }

  /** The Deployment as it is made where the registry has never been asked. */
  private static Deployment made(String image) {
    var deployment = (Deployment) planned(Given.aGoodStart().snapshot()).object();
    deployment.getSpec().getTemplate().getSpec().getContainers().getFirst().setImage(image);
    return deployment;
  }

  /** A release that was verified with that image, and handled the retry "once". */
  private static StagingRelease release(String image, String retry) {
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName("demo-" + ID)
            .withGeneration(1L)
            .withLabels(Map.of("staging.scoliologic.ru/environment", "demo"))
            .build());
    release.setSpec(StagingReleaseSpec.ofImage("demo", IMAGE).retrying(retry));
    var verified =
        new ConditionBuilder()
            .withType(ReleaseLedger.VERIFIED)
            .withStatus("True")
            .withLastTransitionTime(Given.NOW.toString())
            .build();
    release.setStatus(
        new StagingReleaseStatus(
            1L,
            "Serving",
            null,
            List.of(verified),
            null,
            new Handled("once", null, null),
            null,
            null,
            true,
            null,
            image,
            null,
            null,
            null));
    return release;
  }

  private static StagingReleaseStatus published(Snapshot snapshot) {
    var plan = plan(snapshot);
    var versions =
        new RolloutOutcome(
            snapshot,
            plan,
            plan.forecast(),
            RolloutOutcome.States.NONE,
            Optional.empty(),
            List.of());
    return ReleaseLedger.of(snapshot, versions.facts()).getFirst().getStatus();
  }

  @Test
  void a_new_version_waits_for_the_answer_and_runs_by_the_digest() {
    var given = withDatabases(Given.aGoodStart());

    assertThat(planned(watch.look(given.snapshot())).held()).isTrue();
    theRegistryAnswers();
    var seen = watch.look(given.snapshot());

    assertThat(woken).containsExactly(new ResourceID("demo", "team"));
    assertThat(seen.surroundings().reports().tags().get(IMAGE).digest()).isEqualTo(NEW);
    assertThat(planned(seen).held()).isFalse();
    assertThat(image(planned(seen).object())).isEqualTo("sample-app:1@" + NEW);
    assertThat(container(planned(seen).object()).getImagePullPolicy()).isEqualTo("IfNotPresent");
    assertThat(planned(seen).object().getMetadata().getAnnotations()).containsValue(IMAGE);
    var status = published(seen);
    assertThat(status.image()).isEqualTo("sample-app:1@" + NEW);
    assertThat(Conditions.isTrue(status.conditions(), ReleaseLedger.RESOLVED)).isTrue();
    assertThat(plan(seen).rollout().serving().id()).isEqualTo(ID);
  }

  @Test
  void a_migration_waits_for_the_answer_too_and_runs_the_same_content() {
    var given =
        withDatabases(
            Given.aGoodStart()
                .edited(
                    "image: sample-app:1",
                    "image: sample-app:1\n      migration: {command: [migrate]}"));

    assertThat(migration(watch.look(given.snapshot())).held()).isTrue();
    theRegistryAnswers();
    var migration = migration(watch.look(given.snapshot()));

    assertThat(migration.held()).isFalse();
    assertThat(
            ((Job) migration.object())
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst()
                .getImage())
        .isEqualTo("sample-app:1@" + NEW);
  }

  @Test
  void where_the_registry_does_not_tell_it_runs_by_the_tag_and_its_release_says_so() {
    registrySays = null;
    var given = Given.aGoodStart();

    watch.look(given.snapshot());
    theRegistryAnswers();
    var seen = watch.look(given.snapshot());

    assertThat(image(planned(seen).object())).isEqualTo(IMAGE);
    assertThat(container(planned(seen).object()).getImagePullPolicy()).isNull();
    assertThat(published(seen).image()).isNull();
    assertThat(Conditions.find(published(seen).conditions(), ReleaseLedger.RESOLVED))
        .hasValueSatisfying(condition -> {
          assertThat(condition.getStatus()).isEqualTo("False");
          assertThat(condition.getMessage())
              .isEqualTo(
                  "its tag is not resolved: registry-1.docker.io has no library/sample-app:1;"
                      + " each node runs what it pulls or has under the tag");
        });
  }

  @Test
  void a_version_that_runs_by_its_tag_is_not_asked_for_and_keeps_its_pods() {
    var given = Given.aGoodStart().owning(made(IMAGE), release(null, "once"));

    var seen = watch.look(given.snapshot());

    assertThat(beside).isEmpty();
    assertThat(image(planned(seen).object())).isEqualTo(IMAGE);
    assertThat(planned(seen).held()).isEqualTo(planned(given.snapshot()).held());
  }

  @Test
  void a_version_that_an_older_operator_rolled_out_is_not_asked_for_when_it_comes_back() {
    var given = Given.aGoodStart().owning(release(null, "once"));

    watch.look(given.snapshot());

    assertThat(beside).isEmpty();
    assertThat(ReleaseLedger.settled(given.snapshot(), ID)).as("needs no migration").isTrue();
  }

  @Test
  void a_version_keeps_the_digest_that_its_release_or_its_pods_have() {
    var pinned = "sample-app:1@" + OLD;
    var ofRelease = Given.aGoodStart().owning(made(pinned), release(pinned, "once")).snapshot();
    var ofPods = Given.aGoodStart().owning(made(pinned)).snapshot();

    assertThat(image(planned(watch.look(ofRelease)).object())).isEqualTo(pinned);
    assertThat(image(planned(watch.look(ofPods)).object())).isEqualTo(pinned);
    assertThat(beside).isEmpty();
  }

  @Test
  void an_image_by_its_digest_is_never_asked_for() {
    watch.look(Given.aGoodStart().edited(IMAGE, "sample-app@" + OLD).snapshot());

    assertThat(beside).isEmpty();
  }

  @Test
  void a_retry_resolves_again_and_new_content_is_not_verified() {
    var pinned = "sample-app:1@" + OLD;
    var given = Given.aGoodStart().owning(made(pinned), release(pinned, "twice"));

    var asks = watch.look(given.snapshot());
    assertThat(published(asks).handled().retry()).isEqualTo("once");
    assertThat(image(planned(asks).object())).isEqualTo(pinned);
    assertThat(Conditions.isTrue(published(asks).conditions(), ReleaseLedger.VERIFIED)).isTrue();
    theRegistryAnswers();
    var seen = watch.look(given.snapshot());

    assertThat(image(planned(seen).object())).isEqualTo("sample-app:1@" + NEW);
    var status = published(seen);
    assertThat(status.handled().retry()).isEqualTo("twice");
    assertThat(status.image()).isEqualTo("sample-app:1@" + NEW);
    assertThat(Conditions.isTrue(status.conditions(), ReleaseLedger.VERIFIED)).isFalse();
    assertThat(status.migrated()).isNull();
    assertThat(ReleaseLedger.settled(seen, ID)).isFalse();
  }

  @Test
  void a_retry_that_finds_the_same_digest_leaves_the_version_verified() {
    registrySays = OLD;
    var pinned = "sample-app:1@" + OLD;
    var given = Given.aGoodStart().owning(made(pinned), release(pinned, "twice"));

    watch.look(given.snapshot());
    theRegistryAnswers();
    var status = published(watch.look(given.snapshot()));

    assertThat(status.handled().retry()).isEqualTo("twice");
    assertThat(status.image()).isEqualTo(pinned);
    assertThat(Conditions.isTrue(status.conditions(), ReleaseLedger.VERIFIED)).isTrue();
    assertThat(status.migrated()).isTrue();
  }

  @Test
  void a_retry_that_the_registry_does_not_answer_stays_with_what_was_found_before() {
    registrySays = null;
    var pinned = "sample-app:1@" + OLD;
    var given = Given.aGoodStart().owning(made(pinned), release(pinned, "twice"));

    watch.look(given.snapshot());
    theRegistryAnswers();
    var seen = watch.look(given.snapshot());

    assertThat(image(planned(seen).object())).isEqualTo(pinned);
    assertThat(Conditions.find(published(seen).conditions(), ReleaseLedger.RESOLVED))
        .hasValueSatisfying(condition ->
            assertThat(condition.getMessage())
                .endsWith("it keeps the digest that was found before, " + pinned));
  }

  @Test
  void it_is_asked_once_with_the_credentials_and_again_with_others() {
    var given =
        Given.aGoodStart()
            .edited(
                "image: sample-app:1", "image: sample-app:1\n      imagePullSecrets: [{name: p}]");

    watch.look(given.snapshot());
    watch.look(given.snapshot());
    theRegistryAnswers();
    watch.look(given.snapshot());
    given.secret(
        "p",
        Map.of(
            ".dockerconfigjson",
            "{\"auths\": {\"docker.io\": {\"username\": \"ci\", \"password\": \"p\"}}}"));
    watch.look(given.snapshot());
    theRegistryAnswers();

    assertThat(asked).containsExactly("- library/sample-app", "ci library/sample-app");
  }

  private static Snapshot ofImage(String image) {
    return Given.aGoodStart().edited("image: " + IMAGE, "image: " + image).snapshot();
  }

  @Test
  void a_registry_that_cannot_be_reached_holds_up_no_other_version_for_a_while() {
    unreachable = true;
    watch.look(Given.aGoodStart().snapshot());
    watch.look(ofImage("sample-app:2"));
    theRegistryAnswers();

    var seen = watch.look(ofImage("sample-app:3"));

    assertThat(beside).isEmpty();
    assertThat(asked).hasSize(1);
    assertThat(seen.surroundings().reports().tags().get("sample-app:3").problem())
        .isEqualTo("registry-1.docker.io cannot be reached");

    now = now.plus(SilentRegistries.FIRST);
    watch.look(ofImage("sample-app:4"));
    theRegistryAnswers();
    now = now.plus(SilentRegistries.FIRST);
    watch.look(ofImage("sample-app:5"));
    assertThat(asked).as("asked less and less often").hasSize(2);
    assertThat(beside).isEmpty();

    unreachable = false;
    now = now.plus(SilentRegistries.FIRST);
    watch.look(ofImage("sample-app:6"));
    theRegistryAnswers();
    watch.look(ofImage("sample-app:7"));
    assertThat(beside).as("one that answers is asked each time").hasSize(1);
  }

  @Test
  void another_registry_and_a_retry_are_asked_all_the_same() {
    unreachable = true;
    watch.look(Given.aGoodStart().snapshot());
    theRegistryAnswers();
    unreachable = false;

    watch.look(ofImage("registry.example.org/team/app:1"));
    assertThat(beside).hasSize(1);
    beside.clear();
    watch.look(
        Given.aGoodStart().owning(made(IMAGE), release("sample-app:1@" + OLD, "twice")).snapshot());
    assertThat(beside).hasSize(1);
  }

  @Test
  void a_registry_that_answers_is_not_taken_for_silent_because_it_has_no_such_image() {
    registrySays = null;
    watch.look(Given.aGoodStart().snapshot());
    theRegistryAnswers();

    watch.look(ofImage("sample-app:2"));

    assertThat(beside).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"localhost/app:1", "localhost:5000/app:1", "127.0.0.1:5000/app", "[::1]:5000/app"})
  void a_registry_at_the_node_is_not_asked_and_the_release_says_so(String image) {
    var seen = watch.look(ofImage(image.startsWith("[") ? "\"" + image + "\"" : image));

    assertThat(beside).isEmpty();
    assertThat(Conditions.find(published(seen).conditions(), ReleaseLedger.RESOLVED))
        .hasValueSatisfying(condition ->
            assertThat(condition.getMessage())
                .contains("is a loopback address of each node, which the operator cannot query"));
  }

  @Test
  void an_environment_that_is_gone_is_forgotten() {
    var given = Given.aGoodStart();
    watch.look(given.snapshot());
    memories.uids().forEach(memories::drop);
    theRegistryAnswers();
    watch.look(given.snapshot());

    assertThat(beside).hasSize(1);
  }
}
