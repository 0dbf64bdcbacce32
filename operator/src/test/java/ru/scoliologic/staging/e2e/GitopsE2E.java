package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ru.scoliologic.staging.e2e.GitopsWorld.DEPLOYED;
import static ru.scoliologic.staging.e2e.GitopsWorld.GITOPS;
import static ru.scoliologic.staging.e2e.ReleaseView.BUILT;
import static ru.scoliologic.staging.e2e.ReleaseView.SUPERSEDED;
import static ru.scoliologic.staging.e2e.ReleaseView.build;
import static ru.scoliologic.staging.e2e.ReleaseView.condition;
import static ru.scoliologic.staging.e2e.ReleaseView.is;
import static ru.scoliologic.staging.e2e.ReleaseView.state;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;

/** A push becomes a verified release by itself; people hold, approve and go back. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class GitopsE2E {
  private static final int INTERVAL = 30;

  @TempDir private static Path folder;
  private static GitopsWorld world;
  private static SecretSearch search;
  private static String first;
  private static String second;
  private static String newest;

  @BeforeAll
  static void an_environment_that_follows_a_branch_with_one_commit() {
    world = new GitopsWorld("gitops", folder, INTERVAL);
    search = new SecretSearch(world);
    first = world.push("First");
  }

  @AfterAll
  static void it_is_removed() {
    if (world != null) {
      search.close();
      world.close();
    }
  }

  /** Pushes, and says so to the webhook. */
  private static String announced(String heading, Edit... edits) throws IOException {
    var commit = world.push(heading, edits);
    assertThat(world.announce(world.word("webhookWord"))).isEqualTo(202);
    return commit;
  }

  @Test
  @Order(10)
  void without_an_image_the_first_build_is_awaited_and_then_served_and_verified()
      throws IOException {
    world.awaitCondition(DEPLOYED, "False", "AwaitingFirstBuild");

    var release = world.verified(first);

    ReleaseView.print("first build, images and certificates included", release);
    world.awaitCondition(GITOPS, "True", "Following");
    world.answers("First");
    assertThat(release.getStatus().image()).endsWith("@" + build(release).orElseThrow().digest());
    assertThat(release.getStatus().report().results()).isNotEmpty();
    assertThat(world.environment().getStatus().app().serving()).contains("First");
  }

  @Test
  @Order(20)
  void a_commit_that_changes_the_front_page_is_verified_without_a_failed_request() {
    try (var load = world.load()) {
      second = world.push("Second");

      var release = world.verified(second);

      load.assertNoneLost("a release from commit to verified");
      assertThat(load.answers())
          .hasSize(2)
          .anyMatch(page -> page.contains("First"))
          .anyMatch(page -> page.contains("Second"));
      ReleaseView.print("a commit, seen by a look every %d s".formatted(INTERVAL), release);
    }
    System.out.printf("figure  resident memory of the agent: %s%n", agentMemory());
  }

  private static String agentMemory() {
    return NodeProcess.of(world.staging(), "agent").memory();
  }

  @Test
  @Order(30)
  void a_push_while_a_build_runs_supersedes_it_and_is_heard_of_by_the_webhook() throws IOException {
    var older = announced("Slow", Edit.slow(120));
    world.await(
        older,
        "a build under way",
        r -> is(r, BUILT, "False", "Building") || is(r, BUILT, "Unknown", "Building"));
    assertThat(world.announce("another word")).isEqualTo(401);

    var newer = world.push("Third");
    assertThat(world.announce(world.word("webhookWord"))).isEqualTo(202);
    world.await(newer, "a release, long before the next look", Duration.ofSeconds(8), r -> true);

    newest = newer;
    ReleaseView.print("a commit, announced by the webhook", world.verified(newer));
    var overtaken =
        world.await(older, "its end", r -> condition(r, SUPERSEDED).getStatus().equals("True"));
    assertThat(state(overtaken)).isEqualTo("Superseded");
    assertThat(build(overtaken).orElseThrow().state()).isEqualTo(BuildState.Cancelled);
    assertThat(ReleaseView.isBad(overtaken)).isFalse();
  }

  @Test
  @Order(40)
  void a_branch_put_back_to_a_verified_commit_serves_its_image_without_a_build()
      throws IOException {
    var before = build(world.release(second)).orElseThrow();

    world.forcePush(second);
    assertThat(world.announce(world.word("webhookWord"))).isEqualTo(202);

    world.serves(second);
    assertThat(build(world.verified(second))).hasValue(before);
    world.answers("Second");
  }

  @Test
  @Order(50)
  void without_auto_deploy_a_commit_is_built_and_waits_until_it_is_approved() throws IOException {
    world.patch("{\"gitops\":{\"autoDeploy\":false}}");
    var commit = world.push("Approved");
    var waiting =
        world.await(
            commit,
            "a word that it awaits approval",
            r -> is(r, BUILT, "True", "Built") && state(r).equals("AwaitingApproval"));
    staysSo(commit, "AwaitingApproval");
    world.answers("Second");

    world.patch(waiting, "{\"approved\":true}");

    world.verified(commit);
    world.answers("Approved");
    newest = commit;
    world.patch("{\"gitops\":{\"autoDeploy\":true}}");
  }

  private static void staysSo(String commit, String state) {
    Staging.stays(
        "%s to stay %s".formatted(commit, state),
        Duration.ofSeconds(8),
        () -> state(world.release(commit)).equals(state));
  }

  @Test
  @Order(60)
  void a_pinned_commit_serves_whatever_the_branch_says_until_the_pin_is_gone() throws IOException {
    world.patch("{\"gitops\":{\"pin\":\"%s\"}}".formatted(first));
    world.serves(first);
    world.answers("First");

    var held = world.push("Held back");
    // Before its build it waits as well.
    world.await(
        held,
        "a build that is held back",
        r -> is(r, BUILT, "True", "Built") && state(r).equals("Waiting"));
    staysSo(held, "Waiting");
    world.answers("First");

    world.patch("{\"gitops\":{\"pin\":null}}");

    world.verified(held);
    newest = held;
  }

  @Test
  @Order(70)
  void an_older_release_serves_on_request_until_the_next_commit() throws IOException {
    var before = build(world.release(first)).orElseThrow();
    world.patch(world.release(first), "{\"serve\":\"please\"}");
    world.serves(first);
    world.answers("First");
    assertThat(build(world.release(first))).hasValue(before);
    world.await(newest, "its place taken", r -> Set.of("Previous", "Replaced").contains(state(r)));

    var next = announced("After the rollback");

    world.verified(next);
    newest = next;
  }

  @Test
  @Order(80)
  void the_list_of_releases_reads_as_a_deploy_log() {
    var table = world.kubectl("get", "stagingreleases");

    System.out.println(table);
    assertThat(table.lines().findFirst().orElseThrow())
        .containsSubsequence("NAME", "COMMIT", "STATE", "BUILT", "VERIFIED", "AGE");
    assertThat(table)
        .containsPattern("Slow +Superseded +False")
        .containsPattern("Second +Replaced +True +True")
        .containsPattern("After the rollback +Serving +True +True");
    assertThat(world.kubectl("get", "stenv")).contains(newest.substring(0, 7));
  }

  @Test
  @Order(85)
  void images_of_releases_beyond_the_number_that_is_kept_are_deleted_and_what_serves_stays() {
    var images = images();
    assertThat(images).hasSizeGreaterThan(3);

    world.patch("{\"gitops\":{\"registry\":{\"keep\":2}}}");

    Awaitility.await("the images of the releases alone, of " + images)
        .atMost(Staging.LONG)
        .ignoreExceptions()
        .until(() -> images().equals(releases()) && images().size() < images.size());
    assertThat(images()).contains(world.release(newest).getMetadata().getName().substring(4));
    world.serves(newest);
  }

  /** Tags in the environment's registry, by their files. */
  private static Set<String> images() {
    var found =
        world.kubectl(
            "exec",
            "deployment/env-registry",
            "--",
            "sh",
            "-c",
            "find /var/lib/registry -path '*/_manifests/tags/*/current/link'");
    return found
        .lines()
        .map(line -> line.replaceAll(".*/tags/([^/]+)/.*", "$1"))
        .collect(Collectors.toSet());
  }

  /** Releases whose image is in the registry, as its tags name them. */
  private static Set<String> releases() {
    return world
        .staging()
        .releases(world.namespace())
        .filter(release -> is(release, BUILT, "True", "Built"))
        .map(release -> release.getMetadata().getName().substring("env-".length()))
        .collect(Collectors.toSet());
  }

  /** The image of a commit, in the agent's engine, has a planted word in its history. */
  private static void plant(String word) {
    var client = world.staging().admin();
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("planted")
                .withNamespace(world.namespace())
                .endMetadata()
                .withNewSpec()
                .withTerminationGracePeriodSeconds(0L)
                .addNewContainer()
                .withName("planted")
                .withImage("debian:trixie-slim")
                .withCommand("sh", "-c", "printf 'user:%s' $0 | base64; sleep 600", word)
                .endContainer()
                .endSpec()
                .build())
        .create();
    client
        .resource(
            new EventBuilder()
                .withNewMetadata()
                .withName("planted")
                .withNamespace(world.namespace())
                .endMetadata()
                .withMessage("a word: " + word)
                .withNewInvolvedObject()
                .withKind("Pod")
                .withName("planted")
                .withNamespace(world.namespace())
                .endInvolvedObject()
                .build())
        .create();
    world.kubectl(
        "exec",
        "deployment/env-gitops-agent",
        "-c",
        "engine",
        "--",
        "sh",
        "-c",
        "printf 'FROM debian:trixie-slim\\nENV WORD=%s\\n' $0"
            + " | DOCKER_BUILDKIT=0 docker --host=tcp://127.0.0.1:2375 build -t planted -",
        word);
    world.kubectl("wait", "--for=condition=Ready", "pod/planted", "--timeout=60s");
  }

  @Test
  @Order(90)
  void no_secret_stands_in_a_log_an_event_an_object_an_image_or_an_argument() {
    var secrets = new TreeMap<>(search.generated());
    assertThat(secrets)
        .containsKeys("POSTGRES_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "registry-password");
    for (var word : GitopsWorld.SECRETS) {
      secrets.put(word, world.word(word));
    }
    assertThat(search.find(secrets)).isEmpty();

    var word = "planted-%s".formatted(java.util.UUID.randomUUID());
    plant(word);

    var found = search.find(Map.of("planted", word));
    for (var place :
        List.of(
            SecretSearch.LOGS,
            SecretSearch.EVENTS,
            SecretSearch.OBJECTS,
            SecretSearch.IMAGES,
            SecretSearch.ARGUMENTS)) {
      assertThat(found).anyMatch(line -> line.startsWith(place));
    }
  }
}
