package ru.scoliologic.staging.agent;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.agent.git.CommitStore;
import ru.scoliologic.staging.agent.git.GitException;
import ru.scoliologic.staging.agent.git.GitRemote;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.AgentContract.Config;
import ru.scoliologic.staging.cluster.model.AgentContract.State;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.stage.Reason;

/**
 * Polls the branch, creates releases of its head and of the pinned commit, and reports the result.
 * The release is created before it is reported as head, so an agent that crashes in between
 * completes this at its next poll. All state is in the cluster.
 */
final class BranchPoller {
  private static final Logger LOG = LoggerFactory.getLogger(BranchPoller.class);

  /** Component label of an environment's releases. */
  private static final ComponentName COMPONENT = ComponentName.APP;

  private static final int SHORT = 10;

  /** With these the server responded, so the pinned commit can be requested. */
  private static final Set<Reason> ANSWERED =
      Set.of(Reason.BRANCH_MISSING, Reason.REPOSITORY_EMPTY);

  private final Supplier<Config> config;
  private final AgentFiles files;
  private final GitRemote remote;
  private final CommitStore commits;
  private final ReleaseStore store;
  private final AgentMetrics metrics;
  private final Clock clock;
  private volatile State told;

  BranchPoller(
      Supplier<Config> config,
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
  }

  /** Name of the release of the branch's head; empty before the first successful poll. */
  Optional<String> head() {
    return Optional.ofNullable(told).map(State::head).filter(head -> !head.isEmpty());
  }

  /** Name of the release of the pinned commit, if any; it may not exist yet. */
  Optional<String> pin() {
    return Optional.ofNullable(config.get().gitops().pin()).map(this::releaseOf);
  }

  /**
   * Polls once.
   *
   * @return whether the poll succeeded; if not, the next poll may come later
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
    GitException trouble = null;
    try {
      head = releaseOfHead();
      metrics.followed();
    } catch (GitException e) {
      trouble = e;
    }
    if (trouble == null || ANSWERED.contains(trouble.reason())) {
      try {
        makePinned();
      } catch (GitException e) {
        trouble = trouble == null ? e : trouble;
      }
    }
    if (trouble == null) {
      message = "The head of %s is %s.".formatted(config.get().gitops().branch(), commitOf(head));
      return new Found(head, Reason.FOLLOWING, message);
    }
    LOG.atDebug().setCause(trouble).log("git");
    return new Found(head, trouble.reason(), trouble.getMessage());
  }

  private String releaseOfHead() throws GitException {
    var asked = releaseOf(remote.head());
    if (exists(asked)) {
      return asked;
    }
    var begun = clock.instant();
    var commit = commits.fetchBranch();
    metrics.took(AgentMetrics.Step.fetch, begun);
    return make(commit);
  }

  private void makePinned() throws GitException {
    var pin = config.get().gitops().pin();
    if (pin == null || exists(releaseOf(pin))) {
      return;
    }
    try {
      make(commits.fetchCommit(pin));
    } catch (GitException e) {
      throw e.reason() == Reason.GIT_FAILED ? pinMissing(pin, e) : e;
    }
  }

  private static GitException pinMissing(String pin, GitException cause) {
    return new GitException(
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
            .withNamespace(config.get().namespace())
            .withLabels(Labels.of(config.get().environment(), COMPONENT))
            .build());
    release.setSpec(
        new StagingReleaseSpec(
            config.get().environment(),
            null,
            new Commit(
                commit.hash(),
                commit.branch(),
                masking.mask(commit.author()),
                masking.mask(commit.subject()),
                commit.committed()),
            config.get().buildHash(),
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
    return names().release(Names.commitVersion(commit, config.get().buildHash()));
  }

  private String commitOf(String release) {
    return store.releases().stream()
        .filter(there -> there.getMetadata().getName().equals(release))
        .map(there -> there.getSpec().commit().hash().substring(0, SHORT))
        .findFirst()
        .orElse(release);
  }

  private Names names() {
    return new Names(config.get().environment());
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
