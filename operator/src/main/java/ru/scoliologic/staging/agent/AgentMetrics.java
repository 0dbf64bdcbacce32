package ru.scoliologic.staging.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingReleaseStatus.BuildState;

/** The agent's metrics in Prometheus' text format. */
public final class AgentMetrics {
  private static final Duration[] WITHIN =
      Stream.of(1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
          .map(Duration::ofSeconds)
          .toArray(Duration[]::new);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Clock clock;
  private volatile Instant followed;
  private volatile Instant headSince;

  @SuppressWarnings("this-escape")
  AgentMetrics(Clock clock) {
    this.clock = clock;
    new JvmMemoryMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    for (var step : Step.values()) {
      timer(step);
    }
    for (var state : new BuildState[] {BuildState.Built, BuildState.Failed}) {
      builds(state.name());
    }
    Gauge.builder("staging.agent.followed.age", () -> age(followed))
        .description("Since the branch was last seen; NaN before.")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder("staging.agent.head.age", () -> age(headSince))
        .description("Since the branch's head was first seen to be another one; NaN before.")
        .baseUnit("seconds")
        .register(registry);
  }

  /** Steps with a measured duration. */
  public enum Step {
    look,
    fetch,
    export,
    build,
    push
  }

  private double age(Instant since) {
    return since == null
        ? Double.NaN
        : Duration.between(since, clock.instant()).toMillis() / 1000.0;
  }

  private Timer timer(Step step) {
    return Timer.builder("staging.agent.step")
        .description("How long each step took.")
        .tag("step", step.name())
        .serviceLevelObjectives(WITHIN)
        .register(registry);
  }

  public void took(Step step, Instant begun) {
    took(step, begun, clock.instant());
  }

  public void took(Step step, Instant begun, Instant ended) {
    timer(step).record(Duration.between(begun, ended));
  }

  /** Counts a poll of the branch; the outcome is a reason in CamelCase. */
  void looked(String outcome) {
    Counter.builder("staging.agent.looks")
        .description("Polls of the branch, by result.")
        .tag("outcome", outcome)
        .register(registry)
        .increment();
  }

  void followed() {
    followed = clock.instant();
  }

  void newHead() {
    headSince = clock.instant();
  }

  /** Counts a build by its final state. */
  public void built(BuildState outcome) {
    builds(outcome.name()).increment();
  }

  private Counter builds(String outcome) {
    return Counter.builder("staging.agent.builds")
        .description("Builds, by result; Waiting is one that is tried again.")
        .tag("outcome", outcome)
        .register(registry);
  }

  String scrape() {
    return registry.scrape();
  }
}
