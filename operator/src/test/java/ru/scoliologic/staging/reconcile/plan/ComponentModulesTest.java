package ru.scoliologic.staging.reconcile.plan;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.ComponentSpec;
import ru.scoliologic.staging.api.ServicesSpec;
import ru.scoliologic.staging.cluster.model.ComponentHealth;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;

/** A component that is forgotten in one of the two lists is named here. */
class ComponentModulesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  private static Snapshot everything() {
    var spec =
        JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/stub.yaml"), Map.class)).get("spec");
    return Given.aGoodStart()
        .edited(demo -> {
          ObjectNode manifest = JSON.valueToTree(YAML.unmarshal(demo, Map.class));
          return manifest.set("spec", spec).toString();
        })
        .snapshot();
  }

  @Test
  void every_block_of_the_services_is_found_by_the_name_of_its_component() throws Exception {
    var spec = everything().environment().getSpec();

    for (var field : ServicesSpec.class.getRecordComponents()) {
      if (ComponentSpec.class.isAssignableFrom(field.getType())) {
        assertThat(ComponentName.requested(spec).values())
            .as("%s: not in e2e/stub.yaml, or its constant of ComponentName finds no block", field)
            .contains((ComponentSpec) field.getAccessor().invoke(spec.services()));
      }
    }
  }

  @Test
  void every_component_with_a_block_is_planned_and_awaited() {
    var snapshot = everything();
    var requested = ComponentName.requested(snapshot.environment().getSpec()).keySet();
    var plan = Plan.of(snapshot, Configuration.resolve(snapshot));

    assertThat(ComponentModules.health(snapshot, plan.rollout()))
        .extracting(ComponentHealth::name)
        .containsExactlyInAnyOrderElementsOf(requested);
    assertThat(requested)
        .allSatisfy(name -> assertThat(plan.all()).anyMatch(object -> name.owns(object)));
  }

  @Test
  void no_component_is_listed_twice() {
    assertThat(ComponentModules.ALL).extracting(ComponentModule::name).doesNotHaveDuplicates();
  }
}
