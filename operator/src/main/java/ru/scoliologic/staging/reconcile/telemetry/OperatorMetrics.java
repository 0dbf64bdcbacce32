package ru.scoliologic.staging.reconcile.telemetry;

import io.fabric8.kubernetes.api.model.Condition;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingReleaseStatus;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.validation.CheckRunner.Round;

/**
 * Metrics of the operator in Prometheus' text format. The values of labels are bounded: kinds,
 * verbs, results; and environments, of which {@value #MAX_ENVIRONMENTS} are shown at most.
 */
public final class OperatorMetrics {
  static final int MAX_ENVIRONMENTS = 500;
  private static final List<String> STEPS =
      List.of("build", "push", "start", "switch", "verify", "all");
  private static final List<String> STATUSES = List.of("True", "False", "Unknown");
  private static final Duration[] READY_WITHIN = seconds(10, 20, 30, 60, 120, 300, 600, 1800, 3600);
  private static final Duration[] CHECKED_WITHIN = seconds(1, 2, 5, 10, 30, 60);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer timeToReady =
      Timer.builder("staging.environment.time.to.ready")
          .description("Time from an environment's creation, or from its last failure, to Ready.")
          .serviceLevelObjectives(READY_WITHIN)
          .register(registry);
  private final Map<Stage, Timer> timeOfStage = new EnumMap<>(Stage.class);
  private final Counter rollbacks =
      Counter.builder("staging.rollbacks")
          .description("Versions that failed while they served and were rolled back.")
          .register(registry);
  private volatile Supplier<Stream<StagingEnvironment>> environments = Stream::empty;

  @SuppressWarnings("this-escape")
  public OperatorMetrics() {
    new JvmMemoryMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    // A series that begins with its first failure would hide that failure from rate().
    for (var outcome : Outcome.values()) {
      checks(outcome);
    }
    STEPS.forEach(this::releases);
    for (var stage : Stage.values()) {
      timeOfStage.put(
          stage,
          Timer.builder("staging.stage.time")
              .description(
                  "Time from the start of a stage, or from its last failure, to its completion.")
              .tag("stage", stage.condition())
              .serviceLevelObjectives(READY_WITHIN)
              .register(registry));
    }
    GaugeWithCallback conditions =
        GaugeWithCallback.builder()
            .name("staging_environment_condition")
            .help(
                "1 for the current status of a condition of an environment, 0 for the other statuses.")
            .labelNames("namespace", "environment", "type", "status")
            .callback(this::tellConditions)
            .build();
    registry.getPrometheusRegistry().register(conditions);
  }

  /** Metrics of the Java Operator SDK: reconciliations, retries, events, its queue. */
  public Metrics ofTheSdk() {
    return MicrometerMetrics.withoutPerResourceMetrics(registry);
  }

  /** All series, as Prometheus reads them. */
  public String scrape() {
    return registry.scrape();
  }

  /**
   * Sets the source of the environments. It is read at each scrape, so a deleted environment has no
   * series.
   */
  public void watch(Supplier<Stream<StagingEnvironment>> seen) {
    environments = seen;
  }

  /**
   * Counts a write to the API server.
   *
   * @param verb create, update, delete or patch
   */
  public void wrote(String verb, String kind) {
    Counter.builder("staging.writes")
        .description("Writes to the API server.")
        .tag("verb", verb)
        .tag("kind", kind)
        .register(registry)
        .increment();
  }

  /** Runs the checks and measures them. */
  public Round checked(Supplier<Round> checks, Predicate<Round> well) {
    long begin = System.nanoTime();
    var round = checks.get();
    var failed = well.test(round) ? Outcome.PASSED : Outcome.FAILED;
    var outcome = round.waiting().isPresent() ? Outcome.WAITING : failed;
    checks(outcome).record(Duration.ofNanos(System.nanoTime() - begin));
    return round;
  }

  private Timer checks(Outcome outcome) {
    return Timer.builder("staging.checks")
        .description("Rounds of checks through the ingress.")
        .tag("result", outcome.name().toLowerCase(Locale.ROOT))
        .serviceLevelObjectives(CHECKED_WITHIN)
        .register(registry);
  }

  /** Measures the time until Ready, or a stage, became True. */
  public void published(
      StagingEnvironment environment, List<Condition> before, List<Condition> after, Clock clock) {
    var made = environment.getMetadata().getCreationTimestamp();
    if (becameTrue(Conditions.READY, before, after)) {
      timeToReady.record(since(changed(before, Conditions.READY).orElse(made), clock.instant()));
    }
    for (var stage : Stage.values()) {
      if (becameTrue(stage.condition(), before, after)) {
        // Before it started it was Unknown: the start is the end of the previous stage.
        var troubled =
            Conditions.find(before, stage.condition()).filter(c -> c.getStatus().equals("False"));
        var begun =
            troubled
                .map(Condition::getLastTransitionTime)
                .or(() -> stage.previous().flatMap(s -> changed(after, s.condition())))
                .orElse(made);
        timeOfStage.get(stage).record(since(begun, clock.instant()));
      }
    }
  }

  /**
   * Measures a version that became verified, by step, and counts rollbacks.
   *
   * @param before the release's previous status; null before the first one
   */
  public void released(StagingReleaseStatus before, StagingReleaseStatus after) {
    var times = after.timings();
    if (times.verified() != null && (before == null || before.timings().verified() == null)) {
      step("build", times.asked(), times.built());
      step("push", times.built(), times.pushed());
      step("start", times.pushed() == null ? times.asked() : times.pushed(), times.available());
      step("switch", times.available(), times.switched());
      step("verify", times.switched(), times.verified());
      step("all", times.committed() == null ? times.asked() : times.committed(), times.verified());
    }
    boolean marked = after.failedWith() != null && (before == null || before.failedWith() == null);
    if (marked && times.switched() != null) {
      rollbacks.increment();
    }
  }

  private void step(String name, String from, String to) {
    if (from != null && to != null) {
      var took = Duration.between(Instant.parse(from), Instant.parse(to));
      releases(name).record(took.isNegative() ? Duration.ZERO : took);
    }
  }

  private Timer releases(String step) {
    return Timer.builder("staging.release")
        .description("Steps of versions that became verified, and their sum from the commit on.")
        .tag("step", step)
        .serviceLevelObjectives(READY_WITHIN)
        .register(registry);
  }

  private static boolean becameTrue(String type, List<Condition> before, List<Condition> after) {
    return Conditions.isTrue(after, type) && !Conditions.isTrue(before, type);
  }

  private static Optional<String> changed(List<Condition> conditions, String type) {
    return Conditions.find(conditions, type).map(Condition::getLastTransitionTime);
  }

  private static Duration since(String begin, Instant now) {
    return Duration.between(Instant.parse(begin), now);
  }

  private void tellConditions(GaugeWithCallback.Callback callback) {
    environments
        .get()
        .sorted(
            Comparator.comparing((StagingEnvironment e) -> e.getMetadata().getNamespace())
                .thenComparing(e -> e.getMetadata().getName()))
        .limit(MAX_ENVIRONMENTS)
        .forEach(environment -> {
          for (var type : types(environment)) {
            var actual = status(environment, type);
            for (var status : STATUSES) {
              callback.call(
                  status.equals(actual) ? 1 : 0,
                  environment.getMetadata().getNamespace(),
                  environment.getMetadata().getName(),
                  type,
                  status);
            }
          }
        });
  }

  private static List<String> types(StagingEnvironment environment) {
    return Stream.concat(
            Stage.of(environment.followsBranch()).stream().map(Stage::condition),
            Stream.of(Conditions.READY, Conditions.RECONCILING, Conditions.STALLED))
        .toList();
  }

  private static String status(StagingEnvironment environment, String type) {
    var conditions = environment.getStatus() == null ? null : environment.getStatus().conditions();
    boolean onlyWhileTrue = type.equals(Conditions.RECONCILING) || type.equals(Conditions.STALLED);
    return Conditions.find(conditions == null ? List.of() : conditions, type)
        .map(Condition::getStatus)
        .orElse(onlyWhileTrue ? "False" : "Unknown");
  }

  private static Duration[] seconds(long... values) {
    return java.util.Arrays.stream(values).mapToObj(Duration::ofSeconds).toArray(Duration[]::new);
  }

  private enum Outcome {
    PASSED,
    WAITING,
    FAILED
  }
}
