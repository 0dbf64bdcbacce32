package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.IdleReconciler;
import ru.scoliologic.staging.throwaway.Bridge;
import ru.scoliologic.staging.throwaway.ThrowawayCluster;

/** What a watch shows of objects that are written here, on a real API server. */
class ReadYourWritesInformerIT {
  private static final String NAMESPACE = "kind-watch";
  private static final ResourceID ID = new ResourceID("counted", NAMESPACE);

  private static final int ROUNDS = 5;
  private static final Duration DELAY = Duration.ofMillis(200);

  private final KubernetesClient client = ThrowawayCluster.start().admin();
  private Bridge link;
  private KubernetesClient slow;
  private ReadYourWritesInformer watch;

  @BeforeEach
  @SuppressWarnings("unchecked")
  void a_watch_on_config_maps_whose_news_come_late() throws Exception {
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .serverSideApply();
    var server = URI.create(client.getConfiguration().getMasterUrl());
    link = Bridge.slow(server, DELAY);
    slow =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(client.getConfiguration())
                    .withMasterUrl(link.address("https").toString())
                    .build())
            .build();
    var controller =
        new Operator(o -> o.withKubernetesClient(slow).withCloseClientOnStop(false))
            .register(new IdleReconciler(), o -> o.settingNamespace(NAMESPACE))
            .getConfiguration();
    watch = watch(new EventSourceContext<>(null, controller, slow, StagingEnvironment.class));
    watch.setControllerConfiguration(
        (ControllerConfiguration<HasMetadata>) (ControllerConfiguration<?>) controller);
    watch.setEventHandler(event -> {});
    watch.start();
  }

  @AfterEach
  void it_ends() {
    watch.stop();
    slow.close();
    link.close();
    client.namespaces().withName(NAMESPACE).delete();
    await("the namespace to be gone")
        .atMost(Duration.ofMinutes(2))
        .until(() -> client.namespaces().withName(NAMESPACE).get() == null);
  }

  private static ReadYourWritesInformer watch(EventSourceContext<StagingEnvironment> context) {
    @SuppressWarnings("unchecked")
    var kind = (Class<HasMetadata>) (Class<?>) ConfigMap.class;
    return new ReadYourWritesInformer(
        InformerEventSourceConfiguration.from(kind, StagingEnvironment.class)
            .withNamespaces(Set.of(NAMESPACE))
            .withSecondaryToPrimaryMapper(object -> Set.of())
            .build(),
        context);
  }

  private ConfigMap write(int count) {
    return client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(ID.getName())
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withData(Map.of("count", Integer.toString(count)))
                .build())
        .forceConflicts()
        .serverSideApply();
  }

  private void writeAndTell(int count) {
    var before = watch.get(ID);
    watch.wrote(write(count), before);
  }

  private int shown() {
    return watch
        .get(ID)
        .map(object -> Integer.parseInt(((ConfigMap) object).getData().get("count")))
        .orElse(-1);
  }

  private void awaitShown(int count) {
    await("%d in the watch".formatted(count)).until(this::shown, shown -> shown == count);
  }

  @Test
  void what_was_written_is_never_followed_by_an_older_view_of_it() {
    for (int count = 2; count <= 2 * ROUNDS; count += 2) {
      int last = count;
      writeAndTell(last - 1);
      writeAndTell(last);
      await("no older view than %d while the news come in".formatted(last))
          .during(DELAY.multipliedBy(4))
          .atMost(DELAY.multipliedBy(40))
          .pollInterval(Duration.ofMillis(2))
          .failFast("%d was written".formatted(last), () -> shown() != last)
          .until(() -> true);
    }
  }

  @Test
  void a_write_is_not_kept_once_its_event_came_before_or_after_the_answer() {
    writeAndTell(1);
    await("the event of the first write").until(() -> watch.awaited().isEmpty());

    var before = watch.get(ID);
    var answer = write(2);
    awaitShown(2);
    watch.wrote(answer, before);

    assertThat(watch.awaited()).isEmpty();
    assertThat(shown()).isEqualTo(2);
  }

  @Test
  void what_somebody_else_wrote_later_is_shown() {
    writeAndTell(1);
    write(2);

    awaitShown(2);
  }

  @Test
  void what_was_deleted_is_not_shown_though_it_was_written_here() {
    writeAndTell(1);
    awaitShown(1);
    writeAndTell(2);
    var last = watch.get(ID).orElseThrow();
    client.resource(last).delete();

    awaitShown(-1);
    // As when the answer to a write comes in after the news of the deletion.
    watch.wrote(last, Optional.of(last));
    assertThat(shown()).isEqualTo(-1);

    write(1);
    awaitShown(1);
  }
}
