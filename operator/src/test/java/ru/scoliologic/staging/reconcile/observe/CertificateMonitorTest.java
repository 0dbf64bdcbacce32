package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.OwnedObjects;

class CertificateMonitorTest {
  private static final String APP = "app.staging.test";
  private static final String DASHBOARD = "traefik.staging.test";
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Clock CLOCK = Clock.fixed(Given.NOW, ZoneOffset.UTC);

  private final StagingEnvironment environment = Given.aGoodStart().snapshot().environment();
  private final OwnedObjects traefik =
      new OwnedObjects(
          List.of(
              new DeploymentBuilder()
                  .withNewMetadata()
                  .withName("demo-traefik")
                  .withGeneration(1L)
                  .endMetadata()
                  .withNewSpec()
                  .withNewTemplate()
                  .withNewSpec()
                  .addNewContainer()
                  .withArgs(
                      "--certificatesresolvers."
                          + CertificateAuthority.inUse(environment).resolver()
                          + ".acme.storage=/data/acme.json")
                  .endContainer()
                  .endSpec()
                  .endTemplate()
                  .endSpec()
                  .withNewStatus()
                  .withObservedGeneration(1L)
                  .withUpdatedReplicas(1)
                  .withAvailableReplicas(1)
                  .endStatus()
                  .build()));

  private Map<String, Boolean> look(CertificateMonitor watch) {
    return watch.look(environment, traefik, List.of("10.0.0.7"), "");
  }

  @Test
  @Timeout(20)
  void all_domains_are_looked_at_at_once() {
    var both = new CountDownLatch(2);
    var watch =
        new CertificateMonitor(
            CLOCK,
            (address, domain, server, caBundle) -> {
              both.countDown();
              return Optional.of(met(both) && domain.equals(APP));
            },
            LONG,
            new EnvironmentMemories());

    assertThat(look(watch)).containsOnly(Map.entry(APP, true), Map.entry(DASHBOARD, false));
  }

  @Test
  @Timeout(20)
  void an_ingress_that_drops_packets_holds_up_a_look_for_one_limit_and_not_the_next_one() {
    var asked = new AtomicInteger();
    var watch =
        new CertificateMonitor(
            CLOCK,
            (address, domain, server, caBundle) -> {
              asked.incrementAndGet();
              return Optional.of(domain.equals(APP) || met(new CountDownLatch(1)));
            },
            // Time enough for both threads to begin, on a busy machine too.
            Duration.ofSeconds(2),
            new EnvironmentMemories());

    var first = look(watch);
    var second = look(watch);

    assertThat(first).containsOnly(Map.entry(APP, true)).isEqualTo(second);
    assertThat(asked).hasValue(2);
  }

  @Test
  void a_fault_of_the_operators_own_is_not_taken_for_silence() {
    var watch =
        new CertificateMonitor(
            CLOCK,
            (address, domain, server, caBundle) -> {
              throw new IllegalArgumentException("a fault");
            },
            LONG,
            new EnvironmentMemories());

    assertThatThrownBy(() -> look(watch)).hasRootCauseMessage("a fault");
  }

  private static boolean met(CountDownLatch latch) {
    try {
      return latch.await(LONG.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
