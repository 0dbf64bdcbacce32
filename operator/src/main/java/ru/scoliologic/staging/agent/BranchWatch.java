package ru.scoliologic.staging.agent;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.cluster.AgentContract.Config;
import ru.scoliologic.staging.cluster.AgentContract.State;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.stage.Reason;

/**
 * Looks at the branch, makes a release of its head and of the pinned commit, and tells what it
 * found. The release comes first and then the word that it is the head, so one that dies in between
 * does the rest at its next look; nothing is remembered but what stands in the cluster.
 */
final class BranchWatch {
  private static final Logger LOG = LoggerFactory.getLogger(BranchWatch.class);

  /** What the releases of an environment are labelled as. */
  private static final String COMPONENT = "app";

  private static final int SHORT = 10;

  /** With these the server answered well, so the pinned commit can be asked for. */
  private static final Set<Reason> ANSWERED =
      Set.of(Reason.BRANCH_MISSING, Reason.REPOSITORY_EMPTY);

  private final Config config;
  private final AgentFiles files;
  private final GitRemote remote;
  private final CommitStore commits;
  private final ReleaseStore store;
  private final AgentMetrics metrics;
  private final Clock clock;
  private final String buildHash;
  private volatile State told;

  BranchWatch(
      Config config,
      AgentFiles files,
      GitRemote remote,
      CommitStore commits,
      ReleaseStore store,
      AgentMetrics metrics,
      Clock clock) {
    this.config = config;
    this.files = files;
    this.remote = remote;
    this.commits = commits;
    this.store = store;
    this.metrics = metrics;
    this.clock = clock;
    this.buildHash = config.buildHash();
  }

  /** Name of the release of the branch's head; empty until it was seen once. */
  Optional<String> head() {
    return Optional.ofNullable(told).map(State::head).filter(head -> !head.isEmpty());
  }

  /** Name of the release of the pinned commit, if one is pinned; it may not exist yet. */
  Optional<String> pin() {
    return Optional.ofNullable(config.gitops().pin()).map(this::releaseOf);
  }

  /**
   * Looks once.
   *
   * @return whether the branch is followed; when not, the next look may come later
   */
  boolean look() {
    if (told == null) {
      told = store.state().orElseGet(() -> new State("", "", "", ""));
    }
    var begun = clock.instant();
    var found = find();
    tell(found);
    metrics.took(AgentMetrics.Step.look, begun);
    metrics.looked(found.reason().camelCase());
    return found.reason() == Reason.FOLLOWING;
  }

  private record Found(String head, Reason reason, String message) {}

  private Found find() {
    String head = told.head();
    String message;
    GitTrouble trouble = null;
    try {
      head = releaseOfHead();
      metrics.followed();
    } catch (GitTrouble e) {
      trouble = e;
    }
    if (trouble == null || ANSWERED.contains(trouble.reason())) {
      try {
        makePinned();
      } catch (GitTrouble e) {
        trouble = trouble == null ? e : trouble;
      }
    }
    if (trouble == null) {
      message = "The head of %s is %s.".formatted(config.gitops().branch(), commitOf(head));
      return new Found(head, Reason.FOLLOWING, message);
    }
    LOG.atDebug().setCause(trouble).log("git");
    return new Found(head, trouble.reason(), trouble.getMessage());
  }

  private String releaseOfHead() throws GitTrouble {
    var asked = releaseOf(remote.head());
    if (exists(asked)) {
      return asked;
    }
    var begun = clock.instant();
    var commit = commits.fetchBranch();
    metrics.took(AgentMetrics.Step.fetch, begun);
    return make(commit);
  }

  private void makePinned() throws GitTrouble {
    var pin = config.gitops().pin();
    if (pin == null || exists(releaseOf(pin))) {
      return;
    }
    try {
      make(commits.fetchCommit(pin));
    } catch (GitTrouble e) {
      throw e.reason() == Reason.GIT_FAILED ? pinMissing(pin, e) : e;
    }
  }

  private static GitTrouble pinMissing(String pin, GitTrouble cause) {
    return new GitTrouble(
        Reason.PIN_MISSING,
        "The Git server does not give the commit %s that spec.gitops.pin names: correct it, or push a branch that holds the commit."
            .formatted(pin.substring(0, SHORT)),
        cause);
  }

  private String make(Commit commit) {
    var name = releaseOf(commit.hash());
    if (exists(name)) {
      return name;
    }
    var masking = files.masking();
    var release = new StagingRelease();
    release.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace(config.namespace())
            .withLabels(Labels.of(config.environment(), COMPONENT))
            .build());
    release.setSpec(
        new StagingReleaseSpec(
            config.environment(),
            null,
            new Commit(
                commit.hash(),
                commit.branch(),
                masking.mask(commit.author()),
                masking.mask(commit.subject()),
                commit.committed()),
            buildHash,
            null,
            null,
            null,
            null,
            List.of()));
    store.create(release);
    LOG.atInfo()
        .addKeyValue("release", name)
        .addKeyValue("commit", commit.hash())
        .log("release made");
    return name;
  }

  private boolean exists(String name) {
    return store.releases().stream()
        .anyMatch(release ->
            release.getMetadata().getName().equals(name) && !release.isMarkedForDeletion());
  }

  private String releaseOf(String commit) {
    return names().release(Names.commitVersion(commit, buildHash));
  }

  private String commitOf(String release) {
    return names().version(release).substring(0, SHORT);
  }

  private Names names() {
    return new Names(config.environment());
  }

  /** Written on transitions only. */
  private void tell(Found found) {
    var message = files.masking().mask(found.message());
    var reason = found.reason().camelCase();
    if (!found.head().equals(told.head())) {
      metrics.newHead();
    } else if (reason.equals(told.reason()) && message.equals(told.message())) {
      return;
    }
    var since =
        reason.equals(told.reason())
            ? told.since()
            : clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    var state = new State(found.head(), reason, message, since);
    store.write(state);
    told = state;
    LOG.atInfo().addKeyValue("head", found.head()).addKeyValue("reason", reason).log(message);
  }
}
