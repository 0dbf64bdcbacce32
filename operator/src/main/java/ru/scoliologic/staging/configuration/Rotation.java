package ru.scoliologic.staging.configuration;

import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.cluster.JobEnd;
import ru.scoliologic.staging.cluster.LoginTask;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.configuration.RotationState.Attempt;
import ru.scoliologic.staging.configuration.RotationState.Step;

/**
 * The rotation of one key (pure): what is stored and what is there in, the next step out. Each step
 * is one write of the credentials and can be decided any number of times, so a death between two of
 * them costs nothing.
 *
 * @param asked the number that the spec gives
 * @param values what is stored of the key: its value, the next one, and for PostgreSQL those of the
 *     application's login and of the owner
 */
record Rotation(
    Snapshot snapshot,
    String key,
    int asked,
    Logins logins,
    RotationState state,
    Map<String, String> values) {

  /** Beside the key: its {@link RotationState}. */
  static final String STATE = ".rotation";

  /** Beside the key: the value that it is rotated to. */
  static final String NEXT = ".next";

  /** Of PostgreSQL: the password of the role that the application logs in as. */
  static final String LOGIN = ".login";

  /** Of PostgreSQL: the owner's next password, when the application knew the last one. */
  static final String OWNER = ".owner";

  private static final int MAX_CAUSE = 2_000;

  Rotation {
    values = Map.copyOf(values);
  }

  boolean active() {
    return state.attempt() != null;
  }

  /** Whether another value is asked for than the one in force, and it did not fail already. */
  boolean due() {
    return state.isDue(asked);
  }

  boolean failed() {
    return !active() && state.failure() != null && state.failure().number() == asked;
  }

  /** The value that the application is to have. */
  String value() {
    if (state.usesNew()) {
      return values.get(key + NEXT);
    }
    return state.login() == null ? values.get(key) : values.get(key + LOGIN);
  }

  /** The role of PostgreSQL that goes with the value; none for the owner. */
  Optional<String> login() {
    return Optional.ofNullable(state.usesNew() ? state.attempt().login() : state.login());
  }

  /** What the credentials hold of the key. */
  Map<String, String> entries() {
    var entries = new TreeMap<>(values);
    if (!state.equals(RotationState.NEVER)) {
      entries.put(key + STATE, state.text());
    }
    return entries;
  }

  /** What is to be changed at the component now; none when it already is so. */
  Optional<LoginTask> task() {
    return logins.wanted(this).filter(w -> !w.id().equals(state.live())).map(this::task);
  }

  private LoginTask task(Logins.Wanted wanted) {
    int tries = active() ? state.attempt().tries() : 0;
    return new LoginTask(
        logins.component(),
        wanted.verb(),
        snapshot.names().login(wanted.id() + "/" + tries),
        wanted.variables(),
        wanted.secrets());
  }

  /** The first step; none when no value could be made. */
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
   * The step after this one, or the same.
   *
   * @param app the serving application
   * @param variables hash of what it is to run with, under the present step
   * @param masking of what is kept as a cause: it outlives the values that it may name
   */
  Rotation advanced(RunningApp app, String variables, Masking masking) {
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

  private Rotation stepped(RunningApp app, String variables, Masking masking) {
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

  /** How the Job of the task at hand ended, if it did. */
  private Optional<JobEnd> confirmed() {
    return task().flatMap(task -> JobEnd.of(snapshot, task.job()));
  }

  private Rotation refused(String why) {
    if (state.is(Step.PREPARING)) {
      return reverting(why);
    }
    // What is in force cannot be helped by giving up: another Job tries again.
    return active() ? with(state.with(state.attempt().again(why)), values) : this;
  }

  private Rotation started(RunningApp app, String variables, Masking masking) {
    if (app.ready(variables) && !app.isAlone(variables)) {
      // A pod that ends may still have requests to answer.
      return this;
    }
    if (app.ready(variables)) {
      return logins.component().isEmpty() ? finished() : to(Step.RETIRING);
    }
    return takenBack()
        ? reverting(null)
        : app.failure(variables)
            .map(why ->
                reverting("the application does not come up with it: " + brief(masking.mask(why))))
            .orElse(this);
  }

  /** Cut after it was masked, for half a value would not be found. */
  private static String brief(String text) {
    return text.length() <= MAX_CAUSE ? text : text.substring(0, MAX_CAUSE) + "…";
  }

  /** The spec no longer asks for it. */
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

  /** What the running component accepts has just been found: that need not be done once more. */
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
   * What the status says; none when no rotation was ever asked for.
   *
   * @param waitsFor what keeps it from beginning, while something does
   */
  Optional<StagingEnvironmentStatus.Rotation> row(String waitsFor) {
    if (active()) {
      var attempt = state.attempt();
      return Optional.of(
          row(attempt.number(), title(attempt.step()), attempt.since(), logins.message(this)));
    }
    if (failed()) {
      var failure = state.failure();
      return Optional.of(
          row(
              failure.number(),
              "Failed",
              failure.at(),
              "taken back, the value before stays in force: " + failure.cause()));
    }
    if (due()) {
      return Optional.of(row(asked, "Waiting", null, "waits for " + waitsFor));
    }
    return state.doneAt() == null
        ? Optional.empty()
        : Optional.of(
            row(state.done(), "Done", state.doneAt(), "the application runs with the new value"));
  }

  private StagingEnvironmentStatus.Rotation row(
      int number, String step, String since, String message) {
    return new StagingEnvironmentStatus.Rotation(key, number, step, since, message);
  }

  private static String title(Step step) {
    return step.name().charAt(0) + step.name().substring(1).toLowerCase(java.util.Locale.ROOT);
  }
}
