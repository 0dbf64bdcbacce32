package ru.scoliologic.staging.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What holds of the whole schema. */
class CrdTest {
  private static final Path FILE =
      Path.of("../crds/stagingenvironments.staging.scoliologic.ru-v1.yml");

  private static JSONSchemaProps schema() throws IOException {
    return new KubernetesSerialization()
        .unmarshal(Files.readString(FILE), CustomResourceDefinition.class)
        .getSpec()
        .getVersions()
        .getFirst()
        .getSchema()
        .getOpenAPIV3Schema();
  }

  private static void defaults(
      JSONSchemaProps schema, String path, boolean ofItem, List<String> found) {
    if (ofItem && schema.getDefault() != null) {
      found.add(path);
    }
    if (schema.getProperties() != null) {
      schema
          .getProperties()
          .forEach((name, field) -> defaults(field, path + "." + name, ofItem, found));
    }
    if (schema.getItems() != null && schema.getItems().getSchema() != null) {
      defaults(schema.getItems().getSchema(), path + "[]", true, found);
    }
  }

  @Test
  void no_default_stands_in_the_items_of_a_list_for_each_apply_would_be_a_change()
      throws IOException {
    var found = new ArrayList<String>();

    defaults(schema(), "", false, found);

    assertThat(found).isEmpty();
  }

  private static void enums(JSONSchemaProps schema, String path, List<String> found) {
    var words =
        schema.getEnum() == null
            ? List.<String>of()
            : schema.getEnum().stream().map(value -> value.asText()).toList();
    if (words.stream().anyMatch(word -> word.matches("(?i)y|n|yes|no|on|off|true|false"))
        && !words.contains("Ignore")) {
      found.add(path + words);
    }
    if (schema.getProperties() != null) {
      schema.getProperties().forEach((name, field) -> enums(field, path + "." + name, found));
    }
    if (schema.getItems() != null && schema.getItems().getSchema() != null) {
      enums(schema.getItems().getSchema(), path + "[]", found);
    }
  }

  @Test
  void a_word_that_yaml_reads_as_a_boolean_has_another_one_beside_it() throws IOException {
    var found = new ArrayList<String>();

    enums(schema(), "", found);

    assertThat(found).isEmpty();
  }

  @Test
  void the_default_of_such_a_field_is_told_in_words() throws IOException {
    var keys = schema().getProperties().get("spec").getProperties().get("secrets");
    var key = keys.getProperties().get("keys").getItems().getSchema();

    assertThat(key.getProperties().get("optional").getDescription()).endsWith(" Default: false.");
    assertThat(key.getProperties().get("generate").getProperties().get("alphabet").getDescription())
        .endsWith(" Default: Alphanumeric.");
  }
}
