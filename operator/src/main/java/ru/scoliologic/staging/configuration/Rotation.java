package ru.scoliologic.staging.configuration;

import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.LoginTask;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.RotationState.Attempt;
import ru.scoliologic.staging.configuration.RotationState.Step;

/**
 * The rotation of one key: computes the next step from the stored and the observed state. Each step
 * is one write of the credentials and is idempotent, so a crash between two steps costs nothing.
 *
 * @param asked the number in the spec
 * @param values stored values of the key: its own, the next one, and for PostgreSQL those of the
 *     application's login and of the owner
 */
record Rotation(
    Snapshot snapshot,
    String key,
    int asked,
    Logins logins,
    RotationState state,
    Map<String, String> values) {

  /** Suffix of the entry with the {@link RotationState}. */
  static final String STATE = ".rotation";

  /** Suffix of the entry with the next value. */
  static final String NEXT = ".next";

  /** For PostgreSQL: suffix of the password of the application's login role. */
  static final String LOGIN = ".login";

  /** For PostgreSQL: suffix of the owner's next password, if the application knew the last one. */
  static final String OWNER = ".owner";

  private static final int MAX_CAUSE = 2_000;

  Rotation {
    values = Map.copyOf(values);
  }

  boolean active() {
    return state.attempt() != null;
  }

  /** Whether the spec requests another value than that in force, and it did not fail already. */
  boolean due() {
    return state.isDue(asked);
  }

  boolean failed() {
    return !active() && state.failure() != null && state.failure().number() == asked;
  }

  /** The value for the application. */
  String value() {
    if (state.usesNew()) {
      return values.get(key + NEXT);
    }
    return state.login() == null ? values.get(key) : values.get(key + LOGIN);
  }

  /** The PostgreSQL role that goes with the value; empty for the owner. */
  Optional<String> login() {
    return Optional.ofNullable(state.usesNew() ? state.attempt().login() : state.login());
  }

  /** The entries of the key in the credentials. */
  Map<String, String> entries() {
    var entries = new TreeMap<>(values);
    if (!state.equals(RotationState.NEVER)) {
      entries.put(key + STATE, state.text());
    }
    return entries;
  }

  /** The change that the component needs now; empty when it has the desired state. */
  Optional<LoginTask> task() {
    return logins.wanted(this).filter(w -> !w.id().equals(state.live())).map(this::task);
  }

  private LoginTask task(Logins.Wanted wanted) {
    int tries = active() ? state.attempt().tries() : 0;
    return new LoginTask(
        logins.component().orElseThrow(),
        wanted.verb(),
        snapshot.names().login(wanted.id() + "/" + tries),
        wanted.variables(),
        wanted.secrets());
  }

  /** The first step; unchanged when no value could be generated. */
  Rotation begun() {
    var generated = logins.fresh(this);
    if (generated.isEmpty()) {
      return this;
    }
    var next = new TreeMap<>(values);
    next.putAll(generated);
    var now = now();
    var first = logins.component().isEmpty() ? Step.STARTING : Step.PREPARING;
    var attempt =
        new Attempt(
            asked,
            first,
            now,
            now,
            first == Step.STARTING ? now : null,
            0,
            null,
            logins.next(this).orElse(null));
    return with(state.with(attempt).on(logins.volume(snapshot).orElse(null)), next);
  }

  /**
   * The next step, or the same one.
   *
   * @param app the serving application
   * @param variables hash of its variables under the present step
   * @param masking masks the stored cause, which outlives the values that it may name
   */
  Rotation advanced(RunningApp app, String variables, SecretMasker masking) {
    if (logins.onNewData(this)) {
      return with(state.onNewData(), without(NEXT, LOGIN, OWNER));
    }
    var confirmed = confirmed();
    if (confirmed.isPresent() && !confirmed.get().good()) {
      return refused(brief(masking.mask(confirmed.get().message())));
    }
    return confirmed
        .map(good -> with(state.accepting(logins.wanted(this).orElseThrow().id()), values))
        .orElse(this)
        .stepped(app, variables, masking);
  }

  private Rotation stepped(RunningApp app, String variables, SecretMasker masking) {
    if (!active()) {
      return this;
    }
    boolean settled = task().isEmpty();
    return switch (state.attempt().step()) {
      case PREPARING -> takenBack() ? reverting(null) : settled ? to(Step.STARTING) : this;
      case STARTING -> started(app, variables, masking);
      case RETIRING -> settled ? finished() : this;
      case REVERTING -> settled && app.rolled(variables) ? reverted() : this;
    };
  }

  /** The outcome of the current Job, if it ended. */
  private Optional<JobOutcome> confirmed() {
    return task().flatMap(task -> JobOutcome.of(snapshot, task.job()));
  }

  private Rotation refused(String why) {
    if (state.is(Step.PREPARING)) {
      return reverting(why);
    }
    // A value in force is not helped by giving up: another Job tries again.
    return active() ? with(state.with(state.attempt().again(why)), values) : this;
  }

  private Rotation started(RunningApp app, String variables, SecretMasker masking) {
    if (app.ready(variables) && !app.isAlone(variables)) {
      // A terminating pod may still have requests to answer.
      return this;
    }
    if (app.ready(variables)) {
      return logins.component().isEmpty() ? finished() : to(Step.RETIRING);
    }
    return takenBack()
        ? reverting(null)
        : app.failure(variables)
            .map(why ->
                reverting(
                    "the application does not become healthy with it: " + brief(masking.mask(why))))
            .orElse(this);
  }

  /** Cut after masking: half a value would not be found. */
  private static String brief(String text) {
    return text.length() <= MAX_CAUSE ? text : text.substring(0, MAX_CAUSE) + "…";
  }

  /** Whether the spec no longer requests it. */
  private boolean takenBack() {
    return asked <= state.done();
  }

  private Rotation to(Step step) {
    return with(state.with(state.attempt().at(step, now(), null)), values);
  }

  private Rotation reverting(String why) {
    return with(state.with(state.attempt().at(Step.REVERTING, now(), why)), values);
  }

  private Rotation finished() {
    var kept = new TreeMap<>(without(NEXT, LOGIN, OWNER));
    var next = values.get(key + NEXT);
    if (state.attempt().login() == null) {
      kept.put(key, next);
    } else {
      kept.put(key + LOGIN, next);
      kept.put(key, values.getOrDefault(key + OWNER, values.get(key)));
    }
    return settled(with(state.finished(now()), kept));
  }

  private Rotation reverted() {
    return settled(with(state.reverted(now()), without(NEXT, OWNER)));
  }

  /** Records that the running component already accepts the values: no Job sets them again. */
  private static Rotation settled(Rotation ended) {
    return ended
        .logins
        .wanted(ended)
        .map(wanted -> ended.with(ended.state.accepting(wanted.id()), ended.values))
        .orElse(ended);
  }

  private Map<String, String> without(String... suffixes) {
    var rest = new TreeMap<>(values);
    for (var suffix : suffixes) {
      rest.remove(key + suffix);
    }
    return rest;
  }

  private Rotation with(RotationState next, Map<String, String> kept) {
    return new Rotation(snapshot, key, asked, logins, next, kept);
  }

  private String now() {
    return snapshot.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /**
   * The row of the status; empty when no rotation was ever requested.
   *
   * @param waitsFor what delays the start, while anything does
   */
  Optional<StagingEnvironmentStatus.Rotation> row(String waitsFor) {
    if (active()) {
      var attempt = state.attempt();
      return Optional.of(
          row(
              attempt.number(),
              title(attempt.step()),
              attempt.since(),
              logins.message(this) + trouble()));
    }
    if (failed()) {
      var failure = state.failure();
      return Optional.of(
          row(
              failure.number(),
              "Failed",
              failure.at(),
              "reverted, the value before stays in force: " + failure.cause()));
    }
    if (due()) {
      return Optional.of(row(asked, "Waiting", null, "waits for " + waitsFor));
    }
    return state.doneAt() == null
        ? Optional.empty()
        : Optional.of(
            row(state.done(), "Done", state.doneAt(), "the application runs with the new value"));
  }

  /** The trouble of the current Job, to append to its message; empty when none. */
  private String trouble() {
    return task()
        .flatMap(task -> JobOutcome.trouble(snapshot, task.job()))
        .map(trouble -> ", but " + trouble.message())
        .orElse("");
  }

  private StagingEnvironmentStatus.Rotation row(
      int number, String step, String since, String message) {
    return new StagingEnvironmentStatus.Rotation(key, number, step, since, message);
  }

  private static String title(Step step) {
    return step.name().charAt(0) + step.name().substring(1).toLowerCase(java.util.Locale.ROOT);
  }
}
