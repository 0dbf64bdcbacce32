package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;

/**
 * A startup probe that allows exactly the given seconds when each attempt is answered. An attempt
 * that hangs takes its whole timeout, so such a container gets more.
 */
public final class StartupLimit {
  private static final int PERIOD = 2;
  private static final int TIMEOUT = 5;

  private StartupLimit() {}

  /**
   * Sets the times of the probe.
   *
   * @param probe the check
   * @param seconds after which the container is restarted
   */
  public static Probe of(ProbeBuilder probe, int seconds) {
    int odd = seconds % PERIOD;
    return probe
        .withInitialDelaySeconds(odd == 0 ? null : odd)
        .withPeriodSeconds(PERIOD)
        .withTimeoutSeconds(TIMEOUT)
        .withFailureThreshold(seconds / PERIOD)
        .build();
  }
}
