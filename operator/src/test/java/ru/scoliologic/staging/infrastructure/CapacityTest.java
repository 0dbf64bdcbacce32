package ru.scoliologic.staging.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeList;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.HardenedPod;
import ru.scoliologic.staging.cluster.model.ClusterFacts;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.cluster.model.ClusterFacts.FreeVolume;
import ru.scoliologic.staging.cluster.model.ClusterFacts.Usage;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StageResult;

class CapacityTest {
  private static final HasMetadata INGRESS =
      new ServiceBuilder()
          .withNewMetadata()
          .withName("demo-traefik")
          .endMetadata()
          .withNewStatus()
          .withNewLoadBalancer()
          .addNewIngress()
          .withIp("10.0.0.7")
          .endIngress()
          .endLoadBalancer()
          .endStatus()
          .build();

  private static NodeBuilder node(String name, String cpu, String memory) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("kubernetes.io/hostname", name)
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .withNewStatus()
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .withAllocatable(
            Map.of(
                "cpu", new Quantity(cpu),
                "memory", new Quantity(memory),
                "ephemeral-storage", new Quantity("200Gi")))
        .endStatus();
  }

  private static Deployment asking(String cpu, String memory) {
    return new DeploymentBuilder()
        .withNewSpec()
        .withReplicas(2)
        .withNewTemplate()
        .withNewSpec()
        .addNewContainer()
        .withResources(HardenedPod.resources(cpu, memory, "1Gi"))
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static ClusterFacts seen(List<Node> nodes, List<Usage> usage) {
    return seen(nodes, Optional.of(usage), Set.of(), Map.of());
  }

  private static ClusterFacts seen(
      List<Node> nodes,
      Optional<List<Usage>> usage,
      Set<String> staticClasses,
      Map<String, List<FreeVolume>> free) {
    var right = new DnsAnswer(List.of("10.0.0.7"), null);
    return ClusterFacts.NOTHING
        .with(new ClusterFacts.Nodes(nodes, usage))
        .with(
            new ClusterFacts.Dns(
                Map.of("app.staging.test", right, "traefik.staging.test", right),
                List.of("10.0.0.7"),
                Duration.ofMinutes(5)))
        .with(new ClusterFacts.Storage(Map.of(), Set.of(), staticClasses, free, Set.of()));
  }

  private static StageResult assess(ClusterFacts seen, HasMetadata... planned) {
    return Infrastructure.assess(
        Given.aGoodStart()
            .storageClasses(Map.of("local-path", true, "local", false))
            .owning(INGRESS)
            .amid(seen)
            .snapshot(),
        List.of(planned));
  }

  private static Usage other(String node, long cpu, long memory) {
    return new Usage("elsewhere", "", node, Map.of("cpu", cpu, "memory", memory));
  }

  @ParameterizedTest
  @CsvSource({
    "memory, 1e400000000, " + Requests.MOST,
    "memory, 1e50000000, " + Requests.MOST,
    "memory, 99999999999999999999999, " + Requests.MOST,
    "cpu, 1e400000000, " + Requests.MOST,
    "cpu, 1e-400000000, 1",
    "memory, abc, 0",
    "memory, -1, 0",
    "memory, 0, 0",
    "memory, 1e3, 1000",
    "memory, 0.5, 1",
    "cpu, 0.5, 500",
    "cpu, 100m, 100",
    "memory, 1Ki, 1024",
    "memory, 1Pi, 1125899906842624"
  })
  @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void a_quantity_of_anybody_is_counted_without_writing_out_its_digits(
      String kind, String amount, long counted) {
    var quantity = new KubernetesSerialization().unmarshal('"' + amount + '"', Quantity.class);

    assertThat(Requests.amount(quantity, kind)).isEqualTo(counted);
  }

  @Test
  void what_a_foreign_pod_asks_beyond_all_reason_does_not_overflow_into_room() {
    var greedy = new Usage("elsewhere", "", "one", Map.of("memory", Requests.MOST));
    var result =
        assess(
            seen(List.of(node("one", "4", "8Gi").build()), List.of(greedy, greedy, greedy)),
            asking("100m", "1Gi"));

    assertThat(result.isReady()).isFalse();
    assertThat(result.message()).contains("memory: found 0Mi free");
  }

  @Test
  void what_is_asked_on_one_node_beyond_what_it_has_takes_nothing_from_another() {
    var greedy = new Usage("elsewhere", "", "one", Map.of("memory", Requests.MOST));
    var nodes = List.of(node("one", "4", "8Gi").build(), node("two", "4", "8Gi").build());

    assertThat(assess(seen(nodes, List.of(greedy)), asking("100m", "1Gi")).isReady()).isTrue();
  }

  @Test
  void what_other_pods_leave_on_all_nodes_together_is_enough() {
    var nodes = List.of(node("a", "2", "8Gi").build(), node("b", "2", "8Gi").build());

    var result = assess(seen(nodes, List.of(other("a", 1000, 0))), asking("1500m", "1Gi"));

    assertThat(result.reason()).isEqualTo(Reason.INFRASTRUCTURE_READY);
    assertThat(result.message())
        .isEqualTo(
            "storage classes exist; ports 80 and 443 are served at 10.0.0.7; the nodes have enough free capacity for the pods' requests: CPU 3 of 4, memory 2048Mi of 16384Mi; app.staging.test"
                + " resolves to 10.0.0.7, traefik.staging.test resolves to 10.0.0.7");
  }

  @Test
  void too_little_is_told_with_found_and_needed() {
    var nodes = List.of(node("a", "4", "8Gi").build());

    var result = assess(seen(nodes, List.of(other("a", 3000, 7L << 30))), asking("750m", "600Mi"));

    assertThat(result.reason()).isEqualTo(Reason.NOT_ENOUGH_ROOM);
    assertThat(result.message())
        .isEqualTo(
            "the nodes do not have enough free capacity for the pods' requests: CPU: found 1 free, needed"
                + " 1500m, memory: found 1024Mi free, needed 1200Mi");
  }

  @Test
  void pods_of_the_environment_itself_do_not_count_as_others() {
    var nodes = List.of(node("a", "4", "8Gi").build());

    var own = new Usage("team", "demo", "a", Map.of("cpu", 3000L));
    var neighbour = new Usage("team", "other", "a", Map.of("cpu", 1000L, "memory", 7L));
    var stranger = new Usage("elsewhere", "demo", "a", Map.of("cpu", 500L));
    var away = new Usage("elsewhere", "", "b", Map.of("cpu", 1L));

    var others =
        Requests.ofOthers(List.of(own, neighbour, stranger, away), Given.environment("demo"));

    assertThat(others)
        .containsExactly(
            new Usage("", "", "a", Map.of("cpu", 1500L, "memory", 7L)),
            new Usage("", "", "b", Map.of("cpu", 1L)));
    assertThat(assess(seen(nodes, others), asking("1", "1Gi")).isReady()).isTrue();
  }

  @Test
  void cordoned_unready_and_tainted_nodes_do_not_count_but_a_tolerated_taint_does() {
    var cordoned = node("a", "8", "8Gi").editSpec().withUnschedulable(true).endSpec().build();
    var unready =
        node("b", "8", "8Gi")
            .editStatus()
            .editFirstCondition()
            .withStatus("Unknown")
            .endCondition()
            .endStatus()
            .build();
    var tainted =
        node("c", "8", "8Gi")
            .editSpec()
            .addNewTaint("NoSchedule", "gpu", null, "yes")
            .endSpec()
            .build();
    var tolerant = asking("1", "1Gi");
    tolerant
        .getSpec()
        .getTemplate()
        .getSpec()
        .setTolerations(List.of(new Toleration("NoSchedule", "gpu", "Equal", null, "yes")));
    // As a component without tolerations in the spec has it.
    var intolerant = asking("1", "1Gi");
    intolerant.getSpec().getTemplate().getSpec().setTolerations(null);
    var nodes = List.of(cordoned, unready, tainted);

    assertThat(assess(seen(nodes, List.of()), intolerant).message())
        .contains("CPU: found 0 free, needed 2,");
    assertThat(assess(seen(nodes, List.of()), intolerant).message())
        .contains("CPU: found 0 free, needed 2,");
    assertThat(assess(seen(nodes, List.of()), tolerant).isReady()).isTrue();
  }

  @Test
  void less_than_the_minimum_is_a_warning_unless_it_is_enforced() {
    var nodes = List.of(node("a", "2", "16Gi").build());

    var warned = assess(seen(nodes, List.of()), asking("100m", "1Gi"));
    var enforced =
        Infrastructure.assess(
            Given.aGoodStart()
                .edited(
                    "  secrets:\n",
                    """
                      infrastructure: {capacity: {minimum: {memory: 32Gi, mode: Enforce}}}
                      secrets:
                    """)
                .owning(INGRESS)
                .amid(seen(nodes, List.of()))
                .snapshot(),
            List.of(asking("100m", "1Gi")));

    assertThat(warned.isReady()).isTrue();
    assertThat(warned.message())
        .endsWith("; warning: the nodes have less than the minimum: CPU: found 2, needed 4");
    assertThat(enforced.reason()).isEqualTo(Reason.NOT_ENOUGH_ROOM);
    assertThat(enforced.message()).contains("memory: found 16384Mi, needed 32Gi");
  }

  @Test
  void requests_are_counted_as_the_scheduler_counts_them() {
    var pod =
        new KubernetesSerialization().unmarshal(Given.resource("/pods/requests.yaml"), Pod.class);

    assertThat(Requests.of(pod))
        .isEqualTo(
            new Usage(
                "team",
                "demo",
                "node-1",
                Map.of("cpu", 1350L, "memory", 1L << 30, "nvidia.com/gpu", 1L)));
  }

  @Test
  void a_class_that_makes_no_volumes_needs_a_free_one_for_each_claim() {
    var small = claim("small", "1Gi");
    var large = claim("large", "20Gi");
    var one = Map.of("local", List.of(free("30Gi", RWO)));
    var two = Map.of("local", List.of(free("30Gi", RWO), free("2Gi", RWO)));

    assertThat(assess(seen(List.of(), Optional.empty(), Set.of("local"), one), large, small))
        .satisfies(result -> {
          assertThat(result.reason()).isEqualTo(Reason.VOLUME_MISSING);
          assertThat(result.message())
              .isEqualTo(
                  "storage class local creates no volumes (kubernetes.io/no-provisioner): claim large"
                      + " needs a PersistentVolume of 20Gi with ReadWriteOnce, found no free one");
        });
    assertThat(
            assess(seen(List.of(), Optional.empty(), Set.of("local"), two), large, small).isReady())
        .isTrue();
  }

  private static final String RWO = "ReadWriteOnce";

  private static FreeVolume free(String size, String... modes) {
    return new FreeVolume(new Quantity(size), Set.of(modes), null);
  }

  private static StageResult assess(List<FreeVolume> free, HasMetadata... planned) {
    return assess(
        seen(List.of(), Optional.empty(), Set.of("local"), Map.of("local", free)), planned);
  }

  @Test
  void a_free_volume_must_grant_the_access_mode_of_the_claim() {
    var claim = claim("data", "1Gi");
    var many = claim("shared", "1Gi");
    many.getSpec().setAccessModes(List.of("ReadWriteMany"));

    assertThat(assess(List.of(free("2Gi", "ReadOnlyMany", "ReadWriteMany")), claim).message())
        .isEqualTo(
            "storage class local creates no volumes (kubernetes.io/no-provisioner): claim data needs a"
                + " PersistentVolume of 1Gi with ReadWriteOnce, found free ones of 2Gi with"
                + " ReadOnlyMany and ReadWriteMany only");
    assertThat(assess(List.of(free("2Gi", RWO, "ReadOnlyMany")), claim).isReady()).isTrue();
    assertThat(assess(List.of(free("2Gi", RWO)), many).message())
        .contains("claim shared needs a PersistentVolume of 1Gi with ReadWriteMany");
  }

  @Test
  void a_volume_that_is_kept_for_another_claim_is_not_free() {
    var kept = new FreeVolume(new Quantity("2Gi"), Set.of(RWO), "team/data");

    assertThat(assess(List.of(kept), claim("data", "1Gi")).isReady()).isTrue();
    assertThat(assess(List.of(kept), claim("other", "1Gi")).message())
        .endsWith("found free ones of 2Gi with ReadWriteOnce kept for team/data only");
  }

  @Test
  void of_all_volumes_only_unclaimed_ones_of_the_asked_classes_are_free() {
    var volumes =
        new KubernetesSerialization()
            .unmarshal(Given.resource("/volumes/volumes.yaml"), PersistentVolumeList.class)
            .getItems();

    assertThat(Volumes.free(volumes, Set.of("local")))
        .isEqualTo(
            Map.of(
                "local",
                List.of(
                    free("2Gi", RWO),
                    free("3Gi", RWO, "ReadOnlyMany"),
                    new FreeVolume(new Quantity("4Gi"), Set.of(RWO), "team/data"))));
  }

  @Test
  void every_claim_without_a_volume_is_told() {
    assertThat(assess(List.of(), claim("small", "1Gi"), claim("large", "20Gi")).message())
        .containsSubsequence("claim small needs", "; ", "claim large needs");
  }

  @Test
  void disk_and_devices_that_are_asked_for_are_compared_too() {
    var asking = asking("100m", "100Mi");
    var resources =
        asking.getSpec().getTemplate().getSpec().getContainers().getFirst().getResources();
    resources.setLimits(
        Map.of("ephemeral-storage", new Quantity("120Gi"), "nvidia.com/gpu", new Quantity("1")));
    var none = node("a", "4", "8Gi").build();
    var two = node("a", "4", "8Gi").build();
    two.getStatus()
        .setAllocatable(
            Map.of(
                "cpu", new Quantity("4"),
                "memory", new Quantity("8Gi"),
                "ephemeral-storage", new Quantity("240Gi"),
                "nvidia.com/gpu", new Quantity("2")));
    var holding = new Usage("elsewhere", "", "a", Map.of("nvidia.com/gpu", 1L));

    assertThat(assess(seen(List.of(none), List.of()), asking).message())
        .isEqualTo(
            "the nodes do not have enough free capacity for the pods' requests: disk: found 204800Mi free, needed"
                + " 245760Mi, nvidia.com/gpu: found 0 free, needed 2");
    assertThat(assess(seen(List.of(two), List.of(holding)), asking).message())
        .endsWith("nvidia.com/gpu: found 1 free, needed 2");
    assertThat(assess(seen(List.of(two), List.of()), asking).message())
        .contains("disk 245760Mi of 245760Mi, nvidia.com/gpu 2 of 2");
  }

  @Test
  void of_the_jobs_the_largest_counts_beside_what_lasts() {
    var nodes = List.of(node("a", "3", "8Gi").build());
    var small =
        new JobBuilder()
            .withNewSpec()
            .withTemplate(asking("500m", "1Gi").getSpec().getTemplate())
            .endSpec()
            .build();
    var large =
        new CronJobBuilder()
            .withNewSpec()
            .withNewJobTemplate()
            .withNewSpec()
            .withTemplate(asking("1100m", "1Gi").getSpec().getTemplate())
            .endSpec()
            .endJobTemplate()
            .endSpec()
            .build();

    assertThat(assess(seen(nodes, List.of()), asking("1", "1Gi"), small).message())
        .contains("CPU 2500m of 3, memory 3072Mi of 8192Mi");
    assertThat(assess(seen(nodes, List.of()), asking("1", "1Gi"), small, large).message())
        .isEqualTo(
            "the nodes do not have enough free capacity for the pods' requests: CPU: found 3 free, needed 3100m");
  }

  private static StageResult assess(String infrastructure, ClusterFacts seen) {
    return Infrastructure.assess(
        Given.aGoodStart()
            .edited("  secrets:\n", "  infrastructure: {" + infrastructure + "}\n  secrets:\n")
            .owning(INGRESS)
            .amid(seen)
            .snapshot(),
        List.of(asking("3", "1Gi")));
  }

  @Test
  void a_shortage_is_only_told_in_mode_warn_and_not_looked_for_in_mode_off() {
    var nodes = List.of(node("a", "4", "8Gi").build());

    var warned = assess("capacity: {mode: Warn}", seen(nodes, List.of()));
    var off = assess("capacity: {mode: 'Off'}", seen(nodes, List.of()));

    assertThat(warned.isReady()).isTrue();
    assertThat(warned.message())
        .endsWith(
            "; warning: the nodes do not have enough free capacity for the pods' requests: CPU: found 4 free,"
                + " needed 6")
        .doesNotContain("the nodes have enough");
    assertThat(off.isReady()).isTrue();
    assertThat(off.message()).doesNotContain("CPU");
  }

  @Test
  void a_minimum_that_is_off_is_not_told_though_the_shortage_is() {
    var nodes = List.of(node("a", "2", "1Gi").build());

    var result = assess("capacity: {minimum: {mode: 'Off'}}", seen(nodes, List.of()));

    assertThat(result.reason()).isEqualTo(Reason.NOT_ENOUGH_ROOM);
    assertThat(result.message()).contains("needed 6").doesNotContain("minimum");
  }

  @Test
  void pods_that_could_not_be_read_are_told() {
    var nodes = List.of(node("a", "2", "1Gi").build());

    var result = assess(seen(nodes, Optional.empty(), Set.of(), Map.of()), asking("3", "1Gi"));

    assertThat(result.isReady()).isTrue();
    assertThat(result.message())
        .contains("the free capacity is not known: the pods could not be read");
  }

  private static PersistentVolumeClaim claim(String name, String size) {
    var metadata = new io.fabric8.kubernetes.api.model.ObjectMeta();
    metadata.setName(name);
    return HardenedPod.volumeClaim(metadata, size, "local");
  }
}
