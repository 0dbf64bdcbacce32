package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingRelease;
import ru.scoliologic.staging.api.StagingReleaseSpec;
import ru.scoliologic.staging.cluster.kube.FieldOwnership;

class CompactItemStoreTest {
  private static final KubernetesSerialization JSON = new KubernetesSerialization();

  private final CompactItemStore<HasMetadata> store = new CompactItemStore<>(JSON);

  private static List<Path> goldenOutputs() throws IOException {
    try (var files = Files.walk(Path.of("src/test/resources/golden"))) {
      return files.filter(file -> file.endsWith("out.yaml")).sorted().toList();
    }
  }

  private static String key(HasMetadata object) {
    return object.getKind() + "/" + object.getMetadata().getName();
  }

  private static ConfigMap configMap(String value) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName("settings")
        .withNamespace("demo")
        .endMetadata()
        .addToData("key", value)
        .build();
  }

  /** From here on objects are read from the JSON: the objects themselves are in use until then. */
  private static void collect(CompactItemStore<?> store) {
    var used = store.values().map(WeakReference::new).toList();
    await("the objects are collected")
        .until(() -> {
          System.gc();
          return used.stream().allMatch(reference -> reference.get() == null);
        });
  }

  @ParameterizedTest
  @MethodSource("goldenOutputs")
  void every_planned_object_is_returned_as_it_was_put(Path file) throws IOException {
    Collection<HasMetadata> objects = JSON.unmarshal(Files.readString(file));
    objects.forEach(object -> store.put(key(object), JSON.clone(object)));

    collect(store);

    assertThat(store.values()).hasSameSizeAs(objects);
    assertThat(objects).allSatisfy(object -> assertThat(store.get(key(object))).isEqualTo(object));
  }

  @Test
  void a_release_is_returned_with_its_empty_texts() {
    var release = new StagingRelease();
    release.setMetadata(configMap("").getMetadata());
    release.setSpec(
        new StagingReleaseSpec("demo", "app:1", null, null, null, "", "", "", List.of()));
    store.put("demo/a", JSON.clone(release));

    collect(store);

    assertThat(store.get("demo/a"))
        .isInstanceOfSatisfying(
            StagingRelease.class, kept -> assertThat(kept.getSpec()).isEqualTo(release.getSpec()));
  }

  @Test
  void a_text_of_any_characters_is_returned_as_it_was_put() {
    store.put("demo/settings", configMap("Grüße, Привет, 👋\u0000\n"));

    collect(store);

    assertThat(((ConfigMap) store.get("demo/settings")).getData())
        .containsExactly(Map.entry("key", "Grüße, Привет, 👋\u0000\n"));
  }

  @Test
  void a_put_and_a_removal_return_what_was_there() {
    assertThat(store.put("demo/settings", configMap("1"))).isNull();
    assertThat(store.put("demo/settings", configMap("2"))).isEqualTo(configMap("1"));
    assertThat(store.remove("demo/settings")).isEqualTo(configMap("2"));
    assertThat(store.remove("demo/settings")).isNull();
    assertThat(store.get("demo/settings")).isNull();
    assertThat(store.keySet()).isEmpty();
  }

  @Test
  void an_object_in_use_is_read_once() {
    store.put("demo/settings", configMap("1"));

    var used = store.get("demo/settings");

    assertThat(store.get("demo/settings")).isSameAs(used);
  }

  @Test
  void the_fields_that_the_operator_applied_are_known() {
    store.put("demo/web", JSON.unmarshal(Given.resource("/ownership/service.yaml"), Service.class));

    collect(store);

    assertThat(FieldOwnership.appliedInSpec(store.get("demo/web"), "selector")).isTrue();
    assertThat(FieldOwnership.appliedInSpec(store.get("demo/web"), "clusterIP")).isFalse();
  }

  @Test
  void the_copy_that_kubectl_keeps_in_an_annotation_is_dropped() {
    var applied = configMap("1");
    applied
        .getMetadata()
        .setAnnotations(
            Map.of("kubectl.kubernetes.io/last-applied-configuration", "{}", "team", "a"));

    store.put("demo/settings", applied);

    assertThat(store.get("demo/settings").getMetadata().getAnnotations())
        .containsExactly(Map.entry("team", "a"));
  }
}
