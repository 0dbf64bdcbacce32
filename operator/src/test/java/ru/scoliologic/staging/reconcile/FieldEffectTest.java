package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.FieldChanges;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;

class FieldEffectTest {
  private static final Path CRD =
      Path.of("../crds/stagingenvironments.staging.scoliologic.ru-v1.yml");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();

  /** The whole plan of a spec: the hash of each object by kind and name. */
  private static Map<String, String> planned(JsonNode spec) {
    var snapshot =
        Given.aGoodStart()
            .configMap("given", Map.of("ca.pem", authority()))
            .configMap("demo-git-ca", Map.of("ca.pem", authority()))
            .secret("demo-git", Map.of("token", "a-token-for-git", "webhook", "a-word-for-hooks"))
            .edited(demo -> {
              ObjectNode manifest = JSON.valueToTree(YAML.unmarshal(demo, Map.class));
              return manifest.set("spec", spec).toString();
            })
            .snapshot();
    var hashes = new TreeMap<String, String>();
    Plan.of(snapshot, Configuration.resolve(snapshot))
        .objects()
        .forEach(planned -> hashes.put(Applier.key(planned.object()), Hash.of(planned.object())));
    return hashes;
  }

  /** A certificate in PEM; which one does not matter. */
  private static String authority() {
    var golden = Given.resource("/golden/all-overrides/in.yaml");
    var end = "-----END CERTIFICATE-----\n";
    return golden
        .substring(golden.indexOf("-----BEGIN"), golden.indexOf(end) + end.length())
        .replace("    ", "");
  }

  private static FieldChanges changes(JsonNode spec) throws IOException {
    var crd = YAML.unmarshal(Files.readString(CRD), CustomResourceDefinition.class);
    return new FieldChanges(
        crd.getSpec()
            .getVersions()
            .getFirst()
            .getSchema()
            .getOpenAPIV3Schema()
            .getProperties()
            .get("spec"),
        spec);
  }

  @Test
  void every_field_but_the_listed_ones_changes_an_object_of_the_plan() throws IOException {
    JsonNode spec =
        JSON.valueToTree(YAML.unmarshal(Given.resource("/e2e/stub.yaml"), Map.class)).get("spec");
    var golden = Given.resource("/golden/gitops/in.yaml");
    JsonNode followed =
        JSON.valueToTree(YAML.unmarshal(golden.substring(golden.lastIndexOf("---\n")), Map.class));
    ((ObjectNode) spec).set("gitops", followed.at("/spec/gitops"));
    var before = planned(spec);
    var changes = changes(spec);

    var wrong = new TreeSet<String>();
    var listed = new TreeSet<>(FieldChanges.UNSEEN.keySet());
    changes
        .all()
        .forEach((field, value) -> {
          boolean seen = !planned(changes.changed(field, value)).equals(before);
          if (seen != FieldChanges.shows(field)) {
            wrong.add(field + (seen ? " has an effect" : " has no effect"));
          }
          listed.removeIf(part -> FieldChanges.isPartOf(field, part));
        });

    assertThat(wrong).as("against FieldChanges.UNSEEN").isEmpty();
    assertThat(listed).as("listed, but no field").isEmpty();
  }

  /** kubectl reads YAML 1.1, where on is the boolean true and no string. */
  @Test
  void no_field_has_a_name_that_kubectl_reads_as_a_boolean() throws IOException {
    assertThat(changes(JSON.createObjectNode()).fields())
        .isNotEmpty()
        .noneMatch(field -> field.matches("(?i)(.*\\.)?(y|n|yes|no|on|off|true|false)"));
  }
}
