package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.throwaway.AuditEvent;
import ru.scoliologic.staging.throwaway.GitRepository;

/**
 * The environment of {@code overlays/minimal} as files of a Git repository, from which another
 * controller keeps it in the cluster.
 */
final class SyncedEnvironment {
  static final String NAMESPACE = "minimal";
  static final String NAME = "demo";

  /** How long the writes are counted. */
  static final Duration COUNTED = Duration.ofMinutes(Integer.getInteger("gitops.minutes", 10));

  private static final String ENVIRONMENT = "environment/environment.yaml";
  private static final String SECRETS = "environment/secrets.yaml";
  private static final String KEY = "TRAEFIK_AUTH: ";

  private final Staging staging;
  private final GitRepository git;
  private final Map<String, String> manifests;

  SyncedEnvironment(Staging staging, GitRepository git) {
    this.staging = staging;
    this.git = git;
    // The Namespace stays out, as docs/gitops.md advises: it would take what is kept with it.
    this.manifests =
        Arrays.stream(
                staging.cluster().kubectl("kustomize", Staging.OVERLAYS + "minimal").split("---\n"))
            .collect(Collectors.toMap(SyncedEnvironment::kind, manifest -> manifest));
    staging.namespace(NAMESPACE);
    staging.cluster().kubectl("apply", "-f", Staging.OVERLAYS + "minimal/namespace.yaml");
  }

  private static String kind(String manifest) {
    return Serialization.unmarshal(manifest, GenericKubernetesResource.class).getKind();
  }

  /** Commits the environment as the overlay has it. */
  String addEnvironment() {
    return git.commit(ENVIRONMENT, manifests.get("StagingEnvironment"), "Add the environment");
  }

  String addSecret() {
    return git.commit(SECRETS, manifests.get("Secret"), "Add its Secret");
  }

  /** Commits a variable that no attempt makes better. */
  String spoilVariable() {
    return change("value: demo", "value: $(NO_SUCH_NAME)");
  }

  String mendVariable() {
    return change("value: $(NO_SUCH_NAME)", "value: demo");
  }

  /** Commits a Secret that no attempt makes better. */
  String spoilSecret() {
    var line = manifests.get("Secret").lines().filter(l -> l.contains(KEY)).findFirst();
    git.edit(SECRETS, line.orElseThrow().strip(), KEY + "changeme");
    return git.commit("Spoil the Secret");
  }

  /** Commits a change of the environment's text. */
  String change(String what, String with) {
    git.edit(ENVIRONMENT, what, with);
    return git.commit("Change " + what.strip());
  }

  String removeEnvironment() {
    git.git("rm", "-q", ENVIRONMENT);
    return git.commit("Remove the environment");
  }

  /** Makes the Secret by other means than Git. */
  void giveSecret() {
    staging
        .admin()
        .resource(Serialization.unmarshal(manifests.get("Secret"), Secret.class))
        .serverSideApply();
  }

  StagingEnvironment now() {
    return staging.environment(NAMESPACE, NAME).get();
  }

  String uid() {
    return now().getMetadata().getUid();
  }

  /** Looks once: what is there serves, with this image. */
  void isReadyWith(String image) {
    var environment = now();
    assertThat(Staging.ready(environment)).as(Staging.told(environment)).isTrue();
    assertThat(environment.getSpec().services().app().image()).isEqualTo(image);
  }

  /** Waits for another controller; says how it and the environment stood if it never is so. */
  void await(String what, Duration limit, Callable<Boolean> holds, Callable<String> account)
      throws Exception {
    try {
      org.awaitility.Awaitility.await(what)
          .atMost(limit)
          .pollInterval(Duration.ofMillis(250))
          .until(holds);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(
          "%s; it says %s, the environment %s"
              .formatted(e.getMessage(), account.call(), Staging.told(now())),
          e);
    }
  }

  /** The uids of all that holds data, or opens it. */
  Map<String, String> data() {
    var admin = staging.admin();
    Stream<HasMetadata> claims =
        admin.persistentVolumeClaims().inNamespace(NAMESPACE).list().getItems().stream()
            .map(HasMetadata.class::cast);
    var credentials = admin.secrets().inNamespace(NAMESPACE).withName(NAME + "-credentials").get();
    var data =
        Stream.concat(claims, Stream.of(credentials))
            .collect(
                Collectors.toMap(
                    object -> object.getMetadata().getName(),
                    object -> object.getMetadata().getUid()));
    assertThat(data.keySet())
        .containsExactlyInAnyOrder(
            "demo-postgres", "demo-redis", "demo-traefik", "demo-credentials");
    return data;
  }

  /** Waits until nothing is left but what {@link #data} tells of. */
  void awaitNothingButData() {
    org.awaitility.Awaitility.await("the environment gone, its volumes and credentials kept")
        .atMost(Staging.LONG)
        .until(() ->
            now() == null
                && staging
                    .owned(NAMESPACE)
                    .equals(
                        Set.of(
                            "secret/demo-credentials",
                            "persistentvolumeclaim/demo-postgres",
                            "persistentvolumeclaim/demo-redis",
                            "persistentvolumeclaim/demo-traefik")));
  }

  /**
   * Counts who changed what of the environment while it stays as it is; leases and events are no
   * part of it, nor what was only tried.
   */
  Map<String, Long> writesWhile(String what, Callable<Boolean> holds) {
    // What was replaced before is removed after a while, which is the last thing to be written.
    org.awaitility.Awaitility.await("one version left, and the operator quiet")
        .atMost(Staging.LONG)
        .pollInterval(Duration.ofSeconds(5))
        .until(() ->
            staging.versions(NAMESPACE).size() == 1
                && staging.writesSince(Instant.now().minusSeconds(30)).isEmpty());
    var generation = now().getMetadata().getGeneration();
    var began = Instant.now();
    Staging.stays(what, COUNTED, holds);
    assertThat(now().getMetadata().getGeneration()).isEqualTo(generation);
    var writes =
        staging
            .cluster()
            .auditLog()
            .events()
            .filter(event -> event.namespace().equals(NAMESPACE) && !event.time().isBefore(began))
            .filter(AuditEvent::isWrite)
            .filter(event -> !Set.of("leases", "events").contains(event.resource()))
            .collect(
                Collectors.groupingBy(
                    event -> "%s %s %s".formatted(event.user(), event.verb(), event.resource()),
                    TreeMap::new,
                    Collectors.counting()));
    System.out.printf("writes in %d min: %s%n", COUNTED.toMinutes(), writes);
    return writes;
  }
}
