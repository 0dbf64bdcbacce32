package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.File;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;

/** Writes {@code crds/} from the API classes; run by the build, before the tests. */
public final class CrdWriter {
  private static final List<String> COLUMNS =
      List.of(
          "ENVIRONMENT",
          "COMMIT",
          "IMAGE",
          "STATE",
          "BUILT",
          "VERIFIED",
          "READY",
          "STAGE",
          "VERSION",
          "URL",
          "AGE",
          "BRANCH",
          "ATTEMPT",
          "MESSAGE");

  private static int place(CustomResourceColumnDefinition column) {
    if (!COLUMNS.contains(column.getName())) {
      throw new IllegalStateException("no place among COLUMNS for " + column.getName());
    }
    return COLUMNS.indexOf(column.getName());
  }

  /** The kinds of this API. */
  static final List<Class<? extends HasMetadata>> KINDS =
      List.of(StagingEnvironment.class, StagingRelease.class);

  private CrdWriter() {}

  public static void main(String[] args) {
    var directory = new File(args[0]);
    directory.mkdirs();
    new CRDGenerator()
        .customResourceClasses(StagingEnvironment.class, StagingRelease.class)
        .withPostProcessor(new Finish())
        .inOutputDir(directory)
        .generate();
  }

  /** What the generator cannot be told by annotations. */
  private static final class Finish implements CRDPostProcessor {
    @Override
    public HasMetadata process(HasMetadata resource, String crdVersion) {
      var crd = (CustomResourceDefinition) resource;
      for (var version : crd.getSpec().getVersions()) {
        var columns = new ArrayList<>(version.getAdditionalPrinterColumns());
        columns.sort(Comparator.comparingInt(CrdWriter::place));
        version.setAdditionalPrinterColumns(columns);
        var schema = version.getSchema().getOpenAPIV3Schema();
        var kind = crd.getSpec().getNames().getKind();
        schema.setDescription(description(kind));
        dropRepeatedRules(schema);
        tellDefaultsOfItems(schema, false);
        boundAmounts(schema);
        keyConditionsByType(schema.getProperties().get("status"));
        if (kind.equals(HasMetadata.getKind(StagingEnvironment.class))) {
          giveANewObjectAStatus(schema.getProperties().get("status"));
        }
      }
      return crd;
    }

    private static String description(String kind) {
      return KINDS.stream()
          .filter(type -> type.getSimpleName().equals(kind))
          .map(type -> type.getAnnotation(JsonClassDescription.class).value())
          .findFirst()
          .orElseThrow();
    }

    /** A record component's annotation counts for its field and for its accessor. */
    private static void dropRepeatedRules(JSONSchemaProps schema) {
      if (schema.getXKubernetesValidations() != null) {
        schema.setXKubernetesValidations(
            new ArrayList<>(new LinkedHashSet<>(schema.getXKubernetesValidations())));
      }
      if (schema.getProperties() != null) {
        schema.getProperties().values().forEach(Finish::dropRepeatedRules);
      }
      if (schema.getItems() != null && schema.getItems().getSchema() != null) {
        dropRepeatedRules(schema.getItems().getSchema());
      }
    }

    /**
     * A default inside a list's items makes each {@code kubectl apply} a change, for its patch has
     * the whole list as it was written. The records apply these defaults; here they are words.
     */
    private static void tellDefaultsOfItems(JSONSchemaProps schema, boolean ofItem) {
      if (ofItem && schema.getDefault() != null) {
        schema.setDescription(
            "%s Default: %s.".formatted(schema.getDescription(), schema.getDefault().asText()));
        schema.setDefault(null);
      }
      if (schema.getProperties() != null) {
        schema.getProperties().values().forEach(field -> tellDefaultsOfItems(field, ofItem));
      }
      if (schema.getItems() != null && schema.getItems().getSchema() != null) {
        tellDefaultsOfItems(schema.getItems().getSchema(), true);
      }
    }

    /** Resources are types of Kubernetes' own, whose schema lets any text be a quantity. */
    private static void boundAmounts(JSONSchemaProps schema) {
      if (schema.getProperties() != null) {
        schema.getProperties().values().forEach(Finish::boundAmounts);
      }
      if (schema.getItems() != null && schema.getItems().getSchema() != null) {
        boundAmounts(schema.getItems().getSchema());
      }
      if (schema.getAdditionalProperties() != null
          && schema.getAdditionalProperties().getSchema() != null) {
        boundAmounts(schema.getAdditionalProperties().getSchema());
      }
      if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString())) {
        schema.setPattern(Amount.PATTERN);
        schema.setMaxLength((long) Amount.MAX_LENGTH);
      }
    }

    /**
     * A default inside the status counts only where there is one. Without this a new object has
     * none, which tools that go by kstatus take for one that needs no waiting for.
     */
    private static void giveANewObjectAStatus(JSONSchemaProps status) {
      var observed = status.getProperties().get("observedGeneration").getDefault();
      status.setDefault(JsonNodeFactory.instance.objectNode().set("observedGeneration", observed));
    }

    /** As the API conventions ask: a list keyed by type whose items carry all fields. */
    private static void keyConditionsByType(JSONSchemaProps status) {
      var conditions = status.getProperties().get("conditions");
      conditions.setXKubernetesListType("map");
      conditions.setXKubernetesListMapKeys(List.of("type"));
      conditions
          .getItems()
          .getSchema()
          .setRequired(List.of("lastTransitionTime", "message", "reason", "status", "type"));
    }
  }
}
