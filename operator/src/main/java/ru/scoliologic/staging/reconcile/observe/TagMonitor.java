package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.io.IOException;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.api.StagingReleaseStatus.Handled;
import ru.scoliologic.staging.app.Rollout;
import ru.scoliologic.staging.cluster.model.AppVersion;
import ru.scoliologic.staging.cluster.model.ImageTag;
import ru.scoliologic.staging.cluster.model.RegistryLogin;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.registry.ImageName;
import ru.scoliologic.staging.registry.PullSecrets;
import ru.scoliologic.staging.registry.Registries;
import ru.scoliologic.staging.release.ReleaseCatalog;
import ru.scoliologic.staging.release.ReleaseLedger;
import ru.scoliologic.staging.release.Tags;

/**
 * Resolves tags at registries, outside the passes and once for each version and each {@code
 * spec.retry}. The answer is kept until the release has it; a new instance queries again. A
 * registry that was unreachable lately is queried for a retry only.
 */
public final class TagMonitor {
  private static final Logger LOG = LoggerFactory.getLogger(TagMonitor.class);

  private final Registries registries;
  private final Background background;
  private final Consumer<ResourceID> answered;
  private final SilentRegistries silent;
  private final EnvironmentMemories.Slot<Map<Question, ImageTag>> answers;

  /**
   * Monitors the tags of all environments.
   *
   * @param answered receives an environment when one of its queries has an answer
   */
  public TagMonitor(
      Registries registries,
      Background background,
      Consumer<ResourceID> answered,
      InstantSource clock,
      EnvironmentMemories memories) {
    this.registries = registries;
    this.background = background;
    this.answered = answered;
    this.silent = new SilentRegistries(clock);
    this.answers = memories.slot();
  }

  /**
   * The snapshot with the resolved tags. A requested retry counts once the registry has been
   * queried: before, the old content would be tried.
   */
  Snapshot look(Snapshot snapshot) {
    var seen = Rollout.see(snapshot, id -> ReleaseCatalog.known(snapshot, id));
    var tags = new HashMap<String, ImageTag>();
    var questions = new HashSet<Question>();
    Tags.due(snapshot, seen.serving().isPresent())
        .forEach(version -> {
          var question = question(snapshot, version);
          questions.add(question);
          tags.put(version.title(), answer(snapshot, question));
        });
    answers.find(uid(snapshot)).ifPresent(known -> known.keySet().retainAll(questions));
    if (tags.isEmpty()) {
      return snapshot;
    }
    return snapshot
        .withReleases(
            snapshot.owned().list(StagingRelease.class).stream()
                .map(release -> patient(release, tags))
                .toList())
        .amid(snapshot.surroundings().withTags(tags));
  }

  private static StagingRelease patient(StagingRelease release, Map<String, ImageTag> tags) {
    var image = release.getSpec() == null ? null : release.getSpec().image();
    boolean isAsked = image != null && tags.containsKey(image) && tags.get(image).isAsked();
    if (!isAsked || !ReleaseLedger.retryAsked(release)) {
      return release;
    }
    var waits = new StagingRelease();
    waits.setMetadata(release.getMetadata());
    waits.setSpec(
        release
            .getSpec()
            .retrying(
                Optional.ofNullable(release.getStatus())
                    .map(StagingReleaseStatus::handled)
                    .map(Handled::retry)
                    .orElse(null)));
    waits.setStatus(release.getStatus());
    return waits;
  }

  private static Question question(Snapshot snapshot, AppVersion version) {
    var image = ImageName.of(version.title());
    var secrets =
        Stream.ofNullable(snapshot.environment().getSpec().services().app().imagePullSecrets())
            .flatMap(List::stream)
            .map(LocalObjectReference::getName)
            .filter(Objects::nonNull)
            .map(snapshot.secrets()::get)
            .filter(Objects::nonNull)
            .toList();
    return new Question(
        image,
        PullSecrets.login(secrets, image),
        ReleaseCatalog.find(snapshot, version.id())
            .filter(ReleaseLedger::retryAsked)
            .map(release -> release.getSpec().retry()));
  }

  private static String uid(Snapshot snapshot) {
    return Objects.toString(snapshot.environment().getMetadata().getUid(), "");
  }

  private ImageTag answer(Snapshot snapshot, Question question) {
    var known = answers.get(uid(snapshot), ConcurrentHashMap::new);
    var first = notAsked(question).orElse(ImageTag.ASKED);
    if (known.putIfAbsent(question, first) == null && first.isAsked()) {
      var environment = ResourceID.fromResource(snapshot.environment());
      var _ =
          background.submit(
              snapshot.namespace(),
              () -> {
                // The response to a dropped query is dropped too.
                known.replace(question, notAsked(question).orElseGet(() -> asked(question)));
                answered.accept(environment);
              });
    }
    return known.getOrDefault(question, ImageTag.ASKED);
  }

  /** The answer without a query; empty when the registry must be queried. */
  private Optional<ImageTag> notAsked(Question question) {
    var image = question.image();
    return Optional.of(
            image.host() + " is a loopback address of each node, which the operator cannot query")
        .filter(text -> image.isAtTheNode())
        .or(() -> question.retry().isPresent() ? Optional.empty() : silent.problem(image.host()))
        .map(problem -> new ImageTag(null, problem));
  }

  /** Ends in any case: else a version would wait for it forever. */
  private ImageTag asked(Question question) {
    try {
      return ask(question);
    } catch (RuntimeException e) {
      LOG.atWarn().addKeyValue("registry", question.image().host()).setCause(e).log("not asked");
      return new ImageTag(null, "the operator failed to query " + question.image().host());
    }
  }

  private ImageTag ask(Question question) {
    var host = question.image().host();
    try {
      var digest = registries.digest(question.image(), question.login());
      silent.answered(host);
      return new ImageTag(digest, null);
    } catch (IOException e) {
      var problem = Objects.toString(e.getMessage(), "no answer");
      if (e instanceof Registries.Unreachable) {
        silent.failed(host, problem);
      } else {
        silent.answered(host);
      }
      LOG.atInfo()
          .addKeyValue("registry", host)
          .addKeyValue("repository", question.image().repository())
          .addKeyValue("problem", problem)
          .log("tag not resolved");
      return new ImageTag(null, problem);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new ImageTag(null, "the operator was stopped during the query");
    }
  }

  /**
   * The key of a query; other credentials, or another retry request, make another query.
   *
   * @param retry the release's request; empty without a retry
   */
  private record Question(ImageName image, Optional<RegistryLogin> login, Optional<String> retry) {}
}
