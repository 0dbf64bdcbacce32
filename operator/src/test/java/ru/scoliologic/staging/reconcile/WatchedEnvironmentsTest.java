package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;

class WatchedEnvironmentsTest {
  private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

  @Test
  void an_environment_is_kept_without_the_fields_and_copies_of_other_clients() throws Exception {
    var store = store();
    StagingEnvironment environment = Given.environment("demo");
    environment
        .getMetadata()
        .setManagedFields(List.of(new ManagedFieldsEntryBuilder().withManager("kubectl").build()));
    environment.getMetadata().setAnnotations(Map.of(LAST_APPLIED, "{}", "team", "a"));

    store.put("demo/demo", environment);

    var kept = store.get("demo/demo").getMetadata();
    assertThat(kept.getManagedFields()).isEmpty();
    assertThat(kept.getAnnotations()).containsExactly(Map.entry("team", "a"));
  }

  /** The store that the controller is configured with. */
  @SuppressWarnings("unchecked")
  private static ItemStore<StagingEnvironment> store() throws ReflectiveOperationException {
    return StagingEnvironmentReconciler.class
        .getAnnotation(ControllerConfiguration.class)
        .informer()
        .itemStore()
        .getDeclaredConstructor()
        .newInstance();
  }
}
