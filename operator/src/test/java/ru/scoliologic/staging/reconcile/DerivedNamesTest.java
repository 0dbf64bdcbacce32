package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.reconcile.EveryPlan.Shape;

/** What the API server takes as a name, for all that is ever made of an environment's. */
class DerivedNamesTest {
  private static final int LABEL = 63;

  /** A CronJob's Jobs add so much to its name, a StatefulSet's revisions to its. */
  private static final int TIME = 11;

  private static final int REVISION = 11;
  private static final int SUBDOMAIN = 253;

  @ParameterizedTest
  @MethodSource("ru.scoliologic.staging.reconcile.EveryPlan#environments")
  void every_object_of_every_pass_has_a_name_that_its_kind_takes(String environment) {
    EveryPlan.of(Shape.COMMITS, environment).forEach(DerivedNamesTest::keepsToTheLimits);
  }

  @ParameterizedTest
  @EnumSource(Shape.class)
  void in_every_shape_all_that_can_be_asked_for_is_made_and_no_two_objects_share_a_name(
      Shape shape) {
    var planned = EveryPlan.of(shape, "e".repeat(40));

    planned.forEach(DerivedNamesTest::keepsToTheLimits);
    assertThat(planned).extracting(Applier::key).doesNotHaveDuplicates();
    assertThat(EveryPlan.tasks(planned))
        .containsExactlyInAnyOrder(
            "seed",
            "backup",
            "prepare",
            "reset",
            "check",
            "restore",
            "copy",
            "migration",
            "postgres-login",
            "redis-login");
    assertThat(planned).hasAtLeastOneElementOfType(CronJob.class);
  }

  @Test
  void two_environments_whose_names_begin_alike_share_no_name() {
    var names = new HashMap<String, String>();
    for (var environment : Stream.of("x", "y").map(end -> "e".repeat(39) + end).toList()) {
      for (var object : EveryPlan.of(Shape.COMMITS, environment)) {
        assertThat(names.put(Applier.key(object), environment)).as(Applier.key(object)).isNull();
      }
    }
  }

  private static void keepsToTheLimits(HasMetadata object) {
    var name = object.getMetadata().getName();
    assertThat(name).as(Applier.key(object)).hasSizeLessThanOrEqualTo(longest(object));
    assertThat(name)
        .as(Applier.key(object))
        .matches(
            object instanceof Service
                ? "[a-z]([-a-z0-9]*[a-z0-9])?"
                : "[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    labels(object.getMetadata().getLabels(), object);
    template(object)
        .ifPresent(template -> {
          labels(template.getMetadata().getLabels(), object);
          volumes(template, object);
        });
  }

  private static int longest(HasMetadata object) {
    return switch (object) {
      case Job job -> LABEL;
      case Service service -> LABEL;
      case CronJob job -> LABEL - TIME;
      case StatefulSet set -> LABEL - REVISION;
      default -> SUBDOMAIN;
    };
  }

  private static Optional<PodTemplateSpec> template(HasMetadata object) {
    return switch (object) {
      case Job job -> Optional.of(job.getSpec().getTemplate());
      case CronJob job -> Optional.of(job.getSpec().getJobTemplate().getSpec().getTemplate());
      case StatefulSet set -> Optional.of(set.getSpec().getTemplate());
      case Deployment deployment -> Optional.of(deployment.getSpec().getTemplate());
      default -> Optional.empty();
    };
  }

  private static void labels(Map<String, String> labels, HasMetadata object) {
    assertThat(labels.values())
        .as("labels of " + Applier.key(object))
        .allSatisfy(value ->
            assertThat(value)
                .hasSizeLessThanOrEqualTo(LABEL)
                .matches("[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?"));
  }

  private static void volumes(PodTemplateSpec template, HasMetadata object) {
    assertThat(template.getSpec().getVolumes())
        .as("volumes of " + Applier.key(object))
        .allSatisfy(volume ->
            assertThat(volume.getName())
                .hasSizeLessThanOrEqualTo(LABEL)
                .matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?"));
  }
}
