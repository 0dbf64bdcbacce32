package ru.scoliologic.staging.reconcile.validate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.cel.bundle.Cel;
import dev.cel.bundle.CelFactory;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * The operator checks every rule of the schema again. The violations are made from the generated
 * schema, so a new field or bound is covered by itself; a new rule across fields needs a case.
 */
class SchemaRulesTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);
  private static final Cel CEL =
      CelFactory.plannerCelBuilder()
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .addCompilerLibraries(CelExtensions.strings())
          .addRuntimeLibraries(CelExtensions.strings())
          .addVar("self", SimpleType.DYN)
          .build();
  private static final Map<String, CelRuntime.Program> PROGRAMS = new ConcurrentHashMap<>();
  private static final JSONSchemaProps SPEC = schema();

  /** Each rule about a text is broken by one of them. */
  private static final List<JsonNode> TEXTS =
      Stream.of("a b", "https://u:secret@h.test/a", "/tmp", "Set-Cookie", "й", "a", "-")
          .<JsonNode>map(TextNode::valueOf)
          .toList();

  /** Each rule about the items of a list is broken by one of them. */
  private static final List<JsonNode> LISTS =
      Stream.of(
              "[a b]",
              "[{name: A}, {name: A}]",
              "[{path: /a/b, size: 1Gi}, {path: /a-b, size: 1Gi}]")
          .map(SchemaRulesTest::json)
          .toList();

  /** Parts of a spec that break the rules of the record at the path. */
  private static final List<String> ACROSS_FIELDS =
      List.of(
          "spec | {services: {monitoring: {}}}",
          "spec | {services: {app: {image: null}}}",
          "spec | {domains: {traefik: null}}",
          "spec.domains | {domains: {traefik: app.staging.test}}",
          "spec.domains | {domains: {grafana: traefik.staging.test}}",
          "spec.gitops | {gitops: {repository: 'https://g.test/a', build: {engine: {host: 'tcp://b:2376'}}}}",
          "spec.gitops.build.engine | {gitops: {repository: 'https://g.test/a', build: {engine: {tls: {name: a}}}}}",
          "spec.ingress | {ingress: {acme: null}}",
          "spec.ingress | {ingress: {dashboardAuth: null}}",
          "spec.ingress | {ingress: {shared: {className: nginx}}}",
          "spec.ingress | {ingress: {mode: Shared}}",
          "spec.ingress | {ingress: {mode: Shared, shared: {className: nginx}, access: {}}}",
          "spec.ingress | {ingress: {mode: Shared, shared: {className: nginx}, headers: {}}}",
          "spec.ingress | {ingress: {mode: Shared, shared: {className: nginx}, service: {}}}",
          "spec.ingress | {ingress: {mode: Shared, shared: {className: nginx}, timeouts: {}}}",
          "spec.ingress | {ingress: {service: {externalTrafficPolicy: Cluster}, access: {allowFrom: ['::1']}}}",
          "spec.ingress.access | {ingress: {access: {openPaths: [/a]}}}",
          "spec.ingress.acme | {ingress: {acme: {retry: {minInterval: 1799s}}}}",
          "spec.ingress.acme | {ingress: {acme: {server: Custom}}}",
          "spec.ingress.acme | {ingress: {acme: {directory: 'https://ca.test/'}}}",
          "spec.ingress.acme | {ingress: {acme: {caBundle: {configMapKeyRef: {name: a, key: b}}}}}",
          "spec.ingress.acme.first | {ingress: {acme: {first: {server: Custom}}}}",
          "spec.ingress.acme.first | {ingress: {acme: {first: {caBundle: {configMapKeyRef: {name: a, key: b}}}}}}",
          "spec.ingress.service | {ingress: {service: {annotations: {staging.scoliologic.ru/a: b}}}}",
          "spec.ingress.shared | {ingress: {mode: Shared, shared: {className: nginx, issuer: a, clusterIssuer: b}}}",
          "spec.ingress.shared | {ingress: {mode: Shared, shared: {className: n, annotations: {kubernetes.io/ingress.class: a}}}}",
          "spec.notifications[] | {notifications: [{name: a}]}",
          "spec.notifications[] | {notifications: [{name: a, webhook: {url: 'https://h.test/'}, slack: {urlSecretKeyRef: {name: s, key: k}}}]}",
          "spec.notifications[].email | {notifications: [{name: a, email: {host: m.test, from: a@b.test, to: [c@d.test], encryption: None, credentials: {name: s}}}]}",
          "spec.notifications[].webhook | {notifications: [{name: a, webhook: {}}]}",
          "spec.secrets.keys[] | {secrets: {keys: [{name: GRAFANA_ADMIN_PASSWORD, generate: {length: 32, rotation: 1}}]}}",
          "spec.secrets.keys[] | {secrets: {keys: [{name: A, minLength: 17, generate: {length: 16}}]}}",
          "spec.services | {services: {app: {migration: {command: [a], backup: true}}}}",
          "spec.services.app | {services: {app: {deadlineSeconds: 119, health: {startSeconds: 120}}}}",
          "spec.services.app.envFrom[] | {services: {app: {envFrom: [{}]}}}",
          "spec.services.app.envFrom[] | {services: {app: {envFrom: [{secretRef: {name: a}, configMapRef: {name: b}}]}}}",
          "spec.services.app.health | {services: {app: {health: {tcp: true, path: /a}}}}",
          "spec.services.app.health | {services: {app: {health: {command: [a], port: 1}}}}",
          "spec.services.app.migration | {services: {app: {migration: {}}}}",
          "spec.services.postgres | {services: {postgres: {restore: {request: a}}}}",
          "spec.services.postgres | {services: {postgres: {version: '16', image: 'postgres:17'}}}",
          "spec.services.postgres.seed | {services: {postgres: {seed: {}}}}",
          "spec.validation.checks[].headers[] | {validation: {checks: [{name: a, path: /, headers: [{name: b}]}]}}",
          "spec.validation.containers[].env[] | {validation: {containers: [{name: a, image: b, env: [{name: C}]}]}}");

  /**
   * A spec that breaks one limit of one field.
   *
   * @param expected a regular expression of the problem
   */
  record Violation(String limit, JsonNode spec, String expected) {
    @Override
    public String toString() {
      return limit;
    }
  }

  /**
   * A part of the schema.
   *
   * @param path as a problem has it, a regular expression
   * @param in a spec that has nothing but the given value at this place
   */
  private record Place(JSONSchemaProps schema, String path, Function<JsonNode, JsonNode> in) {
    Stream<Place> inside() {
      var inside = new ArrayList<Place>();
      properties(schema)
          .forEach((name, field) ->
              inside.add(
                  new Place(
                      field,
                      path + "[.]" + name,
                      value -> in.apply(JSON.createObjectNode().set(name, value)))));
      if (schema.getItems() != null) {
        var item = schema.getItems().getSchema();
        var itemPath = item.getType().equals("object") ? path + "\\[[^]]*\\]" : path;
        inside.add(new Place(item, itemPath, value -> in.apply(JSON.createArrayNode().add(value))));
      }
      if (schema.getAdditionalProperties() != null) {
        inside.add(
            new Place(
                schema.getAdditionalProperties().getSchema(),
                path + "\\[k\\]",
                value -> in.apply(JSON.createObjectNode().set("k", value))));
      }
      return inside.stream();
    }

    Stream<Place> all() {
      return Stream.concat(Stream.of(this), inside().flatMap(Place::all));
    }

    Stream<Violation> violations() {
      var found = new ArrayList<Violation>();
      if (schema.getRequired() != null) {
        schema
            .getRequired()
            .forEach(name ->
                found.add(
                    violation(
                        name + " is required",
                        JSON.createObjectNode(),
                        path + "[.]" + name + " is missing: see .*")));
      }
      if (schema.getMinimum() != null) {
        long bad = schema.getMinimum().longValue() - 1;
        found.add(violation("minimum", LongNode.valueOf(bad), outOfRange(bad)));
      }
      if (schema.getMaximum() != null) {
        long bad = schema.getMaximum().longValue() + 1;
        found.add(violation("maximum", LongNode.valueOf(bad), outOfRange(bad)));
      }
      if (schema.getMinLength() != null && schema.getMinLength() > 0) {
        found.add(violation("minLength", TextNode.valueOf(""), path + " is missing: see .*"));
      }
      if (schema.getMaxLength() != null) {
        int bad = schema.getMaxLength().intValue() + 1;
        found.add(
            violation("maxLength", TextNode.valueOf("1".repeat(bad)), tooLong(bad, "characters")));
      }
      if (schema.getPattern() != null) {
        found.add(violation("pattern", TextNode.valueOf("abc"), path + ": 'abc' is not .*"));
      }
      if (schema.getMinItems() != null) {
        found.add(violation("minItems", JSON.createArrayNode(), path + " is missing: see .*"));
      }
      if (schema.getMaxItems() != null) {
        int bad = schema.getMaxItems().intValue() + 1;
        found.add(violation("maxItems", items(bad), tooLong(bad, "entries")));
      }
      if (!"object".equals(schema.getType())) {
        rules(schema).forEach(rule -> found.add(broken(rule)));
      }
      return found.stream();
    }

    private String outOfRange(long bad) {
      return "%s: %d is out of range: give a number from %d to %d"
          .formatted(path, bad, schema.getMinimum().longValue(), schema.getMaximum().longValue());
    }

    private String tooLong(int bad, String unit) {
      return "%s has %d %s: %d at most, shorten it".formatted(path, bad, unit, bad - 1);
    }

    private ArrayNode items(int count) {
      var item = schema.getItems().getSchema();
      var value =
          switch (item.getType()) {
            case "object" -> JSON.createObjectNode();
            case "integer" -> LongNode.valueOf(item.getMinimum().longValue());
            default ->
                item.getEnum() == null || item.getEnum().isEmpty()
                    ? TextNode.valueOf("a")
                    : item.getEnum().getFirst();
          };
      return JSON.createArrayNode().addAll(Collections.nCopies(count, value));
    }

    private Violation broken(ValidationRule rule) {
      boolean list = "array".equals(schema.getType());
      var bad =
          (list ? LISTS : TEXTS)
              .stream().filter(value -> fails(rule, value)).findFirst().orElseThrow();
      // The operator names the item that a list has twice.
      return violation(
          rule.getMessage(),
          bad,
          list && rule.getRule().contains("exists_one")
              ? path + "\\[.*\\].* (is listed twice: |two folders result in one volume name).*"
              : path + ":?( '.*')? " + Pattern.quote(rule.getMessage()) + ".*");
    }

    private Violation violation(String limit, JsonNode value, String expected) {
      return new Violation(path + ", " + limit, in.apply(value), expected);
    }
  }

  static Stream<Violation> violations() {
    return new Place(SPEC, "spec", value -> value).all().flatMap(Place::violations);
  }

  @ParameterizedTest
  @MethodSource("violations")
  void a_value_that_breaks_a_limit_of_its_field_is_refused_at_its_path(Violation violation) {
    assertThat(problems(violation.spec()))
        .filteredOn(problem -> problem.matches("(?s)" + violation.expected()))
        .hasSize(1);
    assertThat(problems(violation.spec())).noneMatch(problem -> problem.contains("secret@"));
  }

  static List<String> acrossFields() {
    return ACROSS_FIELDS;
  }

  @ParameterizedTest
  @MethodSource("acrossFields")
  void fields_that_do_not_go_together_are_refused_as_the_schema_refuses_them(String broken) {
    var path = broken.split(" \\| ", 2)[0];
    var spec = merged(broken);

    assertThat(messages(path, spec))
        .as("what the schema says about it")
        .isNotEmpty()
        .allSatisfy(message ->
            assertThat(problems(spec))
                .filteredOn(problem -> problem.endsWith(message))
                .allMatch(problem ->
                    problem.matches(
                        path.replace("[]", "\\[[^]]*\\]") + ":? " + Pattern.quote(message)))
                .hasSize(1));
  }

  @Test
  void every_rule_across_fields_has_a_case() {
    var covered = new TreeSet<String>();
    for (var broken : ACROSS_FIELDS) {
      var path = broken.split(" \\| ", 2)[0];
      messages(path, merged(broken)).forEach(message -> covered.add(path + ": " + message));
    }

    var rules = new TreeSet<String>();
    collect(SPEC, "spec", rules);
    assertThat(covered).isEqualTo(rules).isNotEmpty();
  }

  private static void collect(JSONSchemaProps schema, String path, Set<String> found) {
    if ("object".equals(schema.getType())) {
      rules(schema).forEach(rule -> found.add(path + ": " + rule.getMessage()));
    }
    properties(schema).forEach((name, field) -> collect(field, path + "." + name, found));
    if (schema.getItems() != null) {
      collect(schema.getItems().getSchema(), path + "[]", found);
    }
  }

  /** The messages of the rules that are broken by the record at a path. */
  private static List<String> messages(String path, JsonNode spec) {
    var schema = SPEC;
    var value = withDefaults(spec, SPEC);
    for (var part : path.replaceFirst("^spec[.]?", "").split("[.]", 0)) {
      var name = part.replace("[]", "");
      schema = name.isEmpty() ? schema : schema.getProperties().get(name);
      value = name.isEmpty() ? value : value.get(name);
      if (part.endsWith("[]")) {
        schema = schema.getItems().getSchema();
        value = value.get(0);
      }
    }
    var self = value;
    return rules(schema).stream()
        .filter(rule -> fails(rule, self))
        .map(ValidationRule::getMessage)
        .toList();
  }

  /** As the API server completes it. */
  private static JsonNode withDefaults(JsonNode value, JSONSchemaProps schema) {
    if (value instanceof ObjectNode object) {
      properties(schema)
          .forEach((name, field) -> {
            if (field.getDefault() != null && !object.has(name)) {
              object.set(name, field.getDefault());
            }
            if (object.has(name)) {
              withDefaults(object.get(name), field);
            }
          });
    } else if (value instanceof ArrayNode list) {
      list.forEach(item -> withDefaults(item, schema.getItems().getSchema()));
    }
    return value;
  }

  private static boolean fails(ValidationRule rule, JsonNode self) {
    try {
      return !(boolean)
          PROGRAMS
              .computeIfAbsent(rule.getRule(), SchemaRulesTest::program)
              .eval(Map.of("self", JSON.treeToValue(self, Object.class)));
    } catch (CelEvaluationException | IOException e) {
      // A rule about another type of value.
      return false;
    }
  }

  private static CelRuntime.Program program(String rule) {
    try {
      return CEL.createProgram(CEL.compile(rule).getAst());
    } catch (CelValidationException | CelEvaluationException e) {
      throw new IllegalStateException(rule, e);
    }
  }

  private static Map<String, JSONSchemaProps> properties(JSONSchemaProps schema) {
    return schema.getProperties() == null ? Map.of() : schema.getProperties();
  }

  private static List<ValidationRule> rules(JSONSchemaProps schema) {
    return schema.getXKubernetesValidations() == null
        ? List.of()
        : schema.getXKubernetesValidations();
  }

  private static JSONSchemaProps schema() {
    try {
      return YAML.unmarshal(
              Files.readString(
                  Path.of("../crds/stagingenvironments.staging.scoliologic.ru-v1.yml")),
              CustomResourceDefinition.class)
          .getSpec()
          .getVersions()
          .getFirst()
          .getSchema()
          .getOpenAPIV3Schema()
          .getProperties()
          .get("spec");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode json(String yaml) {
    return JSON.valueToTree(YAML.unmarshal("---\n" + yaml, Object.class));
  }

  /** A good spec with a part that is not. */
  private static JsonNode merged(String broken) {
    var good = json(Given.resource("/environments/demo.yaml")).get("spec");
    merge((ObjectNode) good, json(broken.split(" \\| ", 2)[1]));
    return good;
  }

  private static void merge(ObjectNode into, JsonNode patch) {
    patch
        .properties()
        .forEach(entry -> {
          var there = into.get(entry.getKey());
          if (entry.getValue().isNull()) {
            into.remove(entry.getKey());
          } else if (there instanceof ObjectNode part && entry.getValue().isObject()) {
            merge(part, entry.getValue());
          } else {
            into.set(entry.getKey(), entry.getValue());
          }
        });
  }

  private static List<String> problems(JsonNode spec) {
    var manifest = (ObjectNode) json(Given.resource("/environments/demo.yaml"));
    manifest.set("spec", spec);
    return SpecValidator.problems(YAML.unmarshal(manifest.toString(), StagingEnvironment.class));
  }
}
