package ru.scoliologic.staging.api;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/** Writes the reference of every field from {@code crds/}; run by the build, before the tests. */
public final class FieldsPage {
  /** Fields of Kubernetes itself, which its own reference describes. */
  private static final List<String> KNOWN =
      List.of("resources", "tolerations", "imagePullSecrets", "nodeSelector", "conditions");

  private FieldsPage() {}

  public static void main(String[] args) throws IOException {
    for (var kind : CrdWriter.KINDS) {
      var plural = HasMetadata.getPlural(kind);
      var file = "%s.%s-v1.yml".formatted(plural, StagingEnvironment.GROUP);
      var crd =
          new KubernetesSerialization()
              .unmarshal(Files.readString(Path.of(args[0], file)), CustomResourceDefinition.class);
      Files.writeString(Path.of(args[1], plural + ".md"), page(crd));
    }
  }

  private static String page(CustomResourceDefinition crd) {
    var version = crd.getSpec().getVersions().getFirst();
    var schema = version.getSchema().getOpenAPIV3Schema();
    var page =
        new StringBuilder(
            """
            # %s

            %s

            `%s/%s`, short name `%s`. Generated from the code by the build; do not edit. A star marks what must be given.

            | Field | Type | Default | Meaning |
            |---|---|---|---|
            """
                .formatted(
                    crd.getSpec().getNames().getKind(),
                    schema.getDescription(),
                    crd.getSpec().getGroup(),
                    version.getName(),
                    crd.getSpec().getNames().getShortNames().getFirst()));
    for (var part : List.of("spec", "status")) {
      fields(page, part, schema.getProperties().get(part));
    }
    return page.toString();
  }

  private static void fields(StringBuilder page, String path, JSONSchemaProps schema) {
    if (schema.getProperties() == null) {
      return;
    }
    for (var field : new TreeMap<>(schema.getProperties()).entrySet()) {
      var name = path + "." + field.getKey();
      var type = field.getValue();
      boolean required =
          schema.getRequired() != null && schema.getRequired().contains(field.getKey());
      page.append(
          "| `%s`%s | %s | %s | %s |%n"
              .formatted(
                  name,
                  required ? " *" : "",
                  typeOf(type),
                  type.getDefault() == null ? "" : "`" + type.getDefault() + "`",
                  type.getDescription() == null ? "" : type.getDescription().replace("|", "\\|")));
      if (KNOWN.contains(field.getKey())) {
        continue;
      }
      boolean list = type.getItems() != null && type.getItems().getSchema() != null;
      fields(page, list ? name + "[]" : name, list ? type.getItems().getSchema() : type);
    }
  }

  private static String typeOf(JSONSchemaProps schema) {
    if (schema.getEnum() != null && !schema.getEnum().isEmpty()) {
      return String.join(
          ", ", schema.getEnum().stream().map(value -> "`" + value.asText() + "`").toList());
    }
    return schema.getItems() != null && schema.getItems().getSchema() != null
        ? "list of " + typeOf(schema.getItems().getSchema())
        : String.valueOf(schema.getType());
  }
}
