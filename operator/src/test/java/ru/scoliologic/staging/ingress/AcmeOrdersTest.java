package ru.scoliologic.staging.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * Pass after pass, second by second, with an authority that never issues: how often is it asked? A
 * Traefik that starts, or is told of a resolver, while its router names one, asks it.
 */
class AcmeOrdersTest {
  private static final String APP = "app.staging.test";
  private static final Duration STEP = Duration.ofSeconds(5);
  private static final Duration LONG = Duration.ofHours(2);

  /** Read once, for it is looked at thousands of times. */
  private static final Snapshot BASE = Given.aGoodStart().amid(nobodyAnswers()).snapshot();

  private Instant now = Given.NOW;
  private Instant since = Given.NOW;
  private Optional<Acme> status = Optional.empty();
  private List<HasMetadata> applied = List.of();
  private final List<Instant> orders = new ArrayList<>();

  private Deployment traefik() {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-traefik")
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .withNewSpec()
        .addNewContainer()
        .withArgs("--certificatesresolvers.letsencrypt.acme.storage=/data/acme.json")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .withNewStatus()
        .withUpdatedReplicas(1)
        .addNewCondition()
        .withType("Available")
        .withStatus("True")
        .withLastTransitionTime(since.toString())
        .endCondition()
        .endStatus()
        .build();
  }

  /** What a pass writes: first the objects, from what is recorded, then the record. */
  private void pass() {
    var environment = BASE.environment();
    environment.setStatus(status.map(Given::statusOf).orElse(null));
    var snapshot = seen();
    boolean before = namesTheResolver();
    applied =
        new TraefikResources(snapshot, "admin:x", "", Set.of(), "", "")
            .plan().stream()
                .map(PlannedObject::object)
                .filter(o -> o instanceof Ingress || o instanceof PersistentVolumeClaim)
                .toList();
    if (namesTheResolver() && !before) {
      orders.add(now);
    }
    status = Optional.of(AcmeBudget.next(snapshot, List.of(APP), Set.of()));
  }

  private Snapshot seen() {
    var objects = new ArrayList<>(applied);
    objects.add(traefik());
    return new Snapshot(
        BASE.environment(),
        BASE.others(),
        new Snapshot.Own(new OwnedObjects(objects), BASE.pods(), BASE.logTails()),
        BASE.named(),
        new Snapshot.Moment(now, BASE.fresh()),
        BASE.surroundings());
  }

  private static ClusterFacts nobodyAnswers() {
    return ClusterFacts.NOTHING;
  }

  private boolean namesTheResolver() {
    return applied.stream()
        .filter(Ingress.class::isInstance)
        .filter(ingress -> ingress.getMetadata().getName().equals("demo-app"))
        .anyMatch(i -> i.getMetadata().getAnnotations().containsKey(Orders.RESOLVER_ANNOTATION));
  }

  private void restarts() {
    since = now;
    if (namesTheResolver()) {
      orders.add(now);
    }
  }

  private int attempts() {
    return status.orElseThrow().domains().getFirst().attempts();
  }

  private long mostInAnHour() {
    return orders.stream()
        .mapToLong(from ->
            orders.stream()
                .filter(o -> !o.isBefore(from) && o.isBefore(from.plus(Duration.ofHours(1))))
                .count())
        .max()
        .orElse(0);
  }

  @Test
  void an_authority_that_cannot_issue_is_asked_after_30_minutes_then_60_and_so_on() {
    for (long second = 0; second < LONG.toSeconds(); second += STEP.toSeconds()) {
      pass();
      now = now.plus(STEP);
    }

    assertThat(orders)
        .extracting(order -> Duration.between(Given.NOW, order).toMinutes())
        .containsExactly(0L, 30L, 90L);
    assertThat(attempts()).isEqualTo(orders.size());
  }

  @Test
  void a_traefik_that_restarts_all_the_time_asks_no_more_often_than_is_counted() {
    for (long second = 0; second < LONG.toSeconds(); second += STEP.toSeconds()) {
      if (second % 15 == 5) {
        restarts();
      }
      pass();
      now = now.plus(STEP);
    }

    assertThat(orders).isNotEmpty().hasSizeLessThanOrEqualTo(attempts());
    assertThat(mostInAnHour()).isLessThanOrEqualTo(3);
  }

  @Test
  void an_environment_that_is_made_again_and_again_does_not_ask_more_often() {
    for (long second = 0; second < LONG.toSeconds(); second += STEP.toSeconds()) {
      if (second % 600 == 0) {
        // All but what is retained is gone.
        status = Optional.empty();
        applied = applied.stream().filter(PersistentVolumeClaim.class::isInstance).toList();
      }
      pass();
      now = now.plus(STEP);
    }

    assertThat(orders)
        .extracting(order -> Duration.between(Given.NOW, order).toMinutes())
        .containsExactly(0L, 30L, 90L);
  }
}
