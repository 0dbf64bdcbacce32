package ru.scoliologic.staging;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Every field of a spec with another value that it may have, found by the schema. A new field is
 * found by itself; where no other value can be made up for it, one is asked for.
 */
public final class FieldChanges {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Fields that may not change back, and why. */
  public static final Map<String, String> FIXED =
      Map.ofEntries(
          Map.entry("storageClassName", "a volume stays in its class"),
          Map.entry("storage", "a volume only grows"),
          Map.entry("services.app.volumes[].size", "a volume only grows"),
          Map.entry("services.app.volumes[].path", "another path is another volume"),
          Map.entry("services.postgres.database", "it is made once"),
          Map.entry("services.postgres.user", "it is made once"),
          Map.entry("services.postgres.version", "data is of one major version"),
          Map.entry("services.postgres.runAsUser", "data belongs to it"),
          Map.entry("services.postgres.reset", "a request, not a state: BackupE2E"),
          Map.entry("services.postgres.restore", "a request, not a state: BackupE2E"),
          Map.entry("services.postgres.seed", "for a new database only: BackupE2E"),
          Map.entry("services.postgres.backup.request", "a request, not a state: BackupE2E"),
          Map.entry("services.monitoring.grafana.adminUser", "the data was made with it"),
          Map.entry("services.ollama.models", "a stub has none: OllamaE2E"),
          Map.entry("secrets.keys[].name", "another name is another key"),
          Map.entry("secrets.keys[].generate", "a value that is not generated must be given"),
          Map.entry("secrets.keys[].generate.length", "a value that is there stays"),
          Map.entry("secrets.keys[].generate.alphabet", "a value that is there stays"),
          Map.entry("secrets.keys[].generate.rotation", "each number makes a new value: CrashIT"),
          Map.entry("secrets.from", "the keys would be missing: BrokenDependencyE2E"),
          Map.entry("secrets.from[].secretRef.name", "it must exist: BrokenDependencyE2E"),
          Map.entry("ingress.acme.server", "directory and bundle go with it: all of ingress.acme"),
          Map.entry("services.app.health.command", "one of three: all of health"),
          Map.entry("services.app.health.tcp", "one of three: all of health"),
          Map.entry("services.app.envFrom[].configMapRef", "one of two: all of envFrom"),
          Map.entry("validation.checks[].headers[].secretKeyRef", "one of two: all of headers"),
          Map.entry("ingress.headers.preset", "there is one word so far: ResponseHeadersTest"),
          Map.entry("ingress.shared", "goes with the other mode: SharedIngressE2E"),
          Map.entry(
              "ingress.service.loadBalancerClass",
              "a Service keeps the one it was made with: LoadBalancingTest"),
          Map.entry("ingress.mode", "it has more than one field: SharedIngressE2E"),
          Map.entry(
              "ingress.acme.first", "promotion depends on what was issued: InfrastructureE2E"));

  /** Parts that a spec may lack, and why. */
  private static final Map<String, String> ABSENT =
      Map.of("gitops", "the agent of a stub says nothing: GitopsE2E");

  /** Fields, and whole parts, that change no object, and what shows that they count. */
  public static final Map<String, String> UNSEEN =
      Map.ofEntries(
          Map.entry(
              "infrastructure", "asks questions: CapacityTest, DnsRecordsTest, DnsLookupTest"),
          Map.entry(
              "gitops.autoDeploy",
              "decides what may serve: RolloutDecisionExplorationTest, GitopsE2E"),
          Map.entry("ingress.acme.retry", "counts after a failure: AcmeBudgetTest"),
          Map.entry("ingress.addresses", "expected of the records: DnsRecordsTest"),
          Map.entry("secrets.keys[].minLength", "refuses a value: ConfigurationTest"),
          Map.entry("secrets.keys[].optional", "lets a key be absent: ConfigurationTest"),
          Map.entry("secrets.keys[].pattern", "refuses a value: ConfigurationTest"),
          Map.entry("services.ollama.insecureRegistries", "part of a request: ModelPullsTest"),
          Map.entry("notifications", "tells people: OutboxTest, NotifierTest"),
          Map.entry("rollback", "of a first deployment that fails: FirstDeploymentTest, WipeIT"),
          Map.entry(
              "services.postgres.deadlineSeconds",
              "judged by the operator, and no limit of the node: PostgresResourcesTest"),
          Map.entry("services.app.health.status", "judges an answer: CandidateChecksTest"),
          Map.entry("suspend", "all stays as it is: EnvironmentLifecycleE2E"),
          Map.entry("validation.checks", "asks questions: DeclaredChecksTest"),
          Map.entry(
              "validation.frontPageMillis", "a limit of the built-in check of the front page"),
          Map.entry("validation.manual", "asks people: VerdictsTest"),
          Map.entry("validation.periodSeconds", "a matter of time: VerificationTest"));

  /** Other values where the schema alone does not tell one. */
  private static final Map<String, String> VALUES =
      Map.ofEntries(
          Map.entry("domains.app", "\"b.stub.test\""),
          Map.entry("domains.traefik", "\"c.stub.test\""),
          Map.entry("domains.grafana", "\"d.stub.test\""),
          Map.entry("cpu", "\"2\""),
          Map.entry("memory", "\"2Gi\""),
          Map.entry("infrastructure.capacity.minimum.storage", "\"2Gi\""),
          Map.entry("infrastructure.dns.mode", "\"Warn\""),
          Map.entry("infrastructure.dns.resolver", "\"192.0.2.53\""),
          Map.entry("ingress.addresses", "[\"192.0.2.9\"]"),
          Map.entry(
              "ingress.acme", "{\"email\":\"o@stub.test\",\"server\":\"LetsEncryptStaging\"}"),
          Map.entry("ingress.acme.directory", "\"https://other.stub.test/dir\""),
          Map.entry("ingress.acme.email", "\"other@stub.test\""),
          Map.entry("ingress.acme.retry.minInterval", "\"20m\""),
          Map.entry("ingress.acme.retry.maxInterval", "\"5h\""),
          Map.entry("ingress.access.allowFrom", "[\"203.0.113.0/24\"]"),
          Map.entry("ingress.service.annotations", "{\"stub.test/plan\":\"large\"}"),
          Map.entry("ingress.service.externalTrafficPolicy", "\"Cluster\""),
          Map.entry("ingress.timeouts.read", "\"2h\""),
          Map.entry("ingress.timeouts.write", "\"10m\""),
          Map.entry("ingress.timeouts.idle", "\"1m\""),
          Map.entry("ingress.service.loadBalancerClass", "\"stub.test/other\""),
          Map.entry("ingress.access.openPaths", "[\"/other\"]"),
          Map.entry("ingress.headers.set[].name", "\"X-Other\""),
          Map.entry("ingress.headers.set[].value", "\"other\""),
          Map.entry("secrets.keys[].pattern", "\"^[A-Za-z0-9]{48}$\""),
          Map.entry("services.app.envFrom", "[{\"configMapRef\":{\"name\":\"given\"}}]"),
          Map.entry("services.app.env", "[{\"name\":\"OTHER\",\"value\":\"$(REDIS_HOST)\"}]"),
          Map.entry("services.app.env[].name", "\"OTHER\""),
          Map.entry(
              "notifications",
              "[{\"name\":\"other\",\"webhook\":{\"url\":\"https://hooks.stub.test/\"}}]"),
          Map.entry("path", "\"/other\""),
          Map.entry("gitops.autoDeploy", "false"),
          Map.entry("gitops.branch", "\"other\""),
          Map.entry("gitops.build.args[].name", "\"OTHER\""),
          Map.entry("gitops.build.context", "\"other\""),
          Map.entry("gitops.build.dockerfile", "\"other/Dockerfile\""),
          Map.entry("gitops.build.engine.host", "\"tcp://engine.stub.test:2376\""),
          Map.entry("gitops.build.engine.tls", "{\"name\":\"given\"}"),
          Map.entry(
              "gitops.commitStatus",
              "{\"tokenSecretKeyRef\":{\"name\":\"given\",\"key\":\"token\"}}"),
          Map.entry("gitops.pin", "\"0123456789012345678901234567890123456789\""),
          Map.entry("gitops.registry.external", "{\"repository\":\"r.stub.test/app\"}"),
          Map.entry("gitops.repository", "\"https://git.stub.test/other.git\""),
          Map.entry("image", "\"other:2\""),
          Map.entry("services.app.deadlineSeconds", "300"),
          Map.entry("services.app.health", "{\"tcp\":true,\"startSeconds\":60}"),
          Map.entry("services.app.health.headers[].name", "\"X-Other\""),
          Map.entry("services.app.health.status", "[204]"),
          Map.entry("version", "\"9.9.9\""),
          Map.entry("services.redis.version", "\"8.2\""),
          Map.entry("services.redis.maxMemory", "\"96Mi\""),
          Map.entry("services.ollama.version", "\"0.18.0\""),
          Map.entry("services.ollama.keepAlive", "\"-1\""),
          Map.entry("services.ollama.gpu", "{\"count\":1}"),
          Map.entry("services.ollama.insecureRegistries", "[\"models.stub.test:5000\"]"),
          Map.entry("services.monitoring.prometheus.version", "\"3.17.0\""),
          Map.entry("services.monitoring.prometheus.retention", "\"1w\""),
          Map.entry("services.monitoring.grafana.version", "\"12.4.0\""),
          Map.entry("services.postgres.backup.schedule", "\"30 4 29 2 *\""),
          Map.entry(
              "nodeSelector",
              "{\"staging-test/stub\":\"true\",\"kubernetes.io/hostname\":\"stub\"}"),
          Map.entry("tolerations", "[{\"operator\":\"Exists\"}]"),
          Map.entry("imagePullSecrets", "[{\"name\":\"pull\"}]"),
          Map.entry(
              "resources", "{\"requests\":{\"cpu\":\"20m\"},\"limits\":{\"memory\":\"1Gi\"}}"),
          Map.entry("validation.checks[].expect.json[].pointer", "\"/other\""),
          Map.entry("validation.checks[].expect.status", "[204]"),
          Map.entry(
              "validation.checks[].headers",
              "[{\"name\":\"Other\",\"secretKeyRef\":{\"name\":\"given\",\"key\":\"ESIA_CLIENT_ID\"}}]"),
          Map.entry("validation.checks", "[{\"name\":\"other\",\"path\":\"/other\"}]"),
          Map.entry("validation.containers", "[{\"name\":\"other\",\"image\":\"other:1\"}]"),
          Map.entry("validation.manual", "[{\"name\":\"other\",\"what\":\"Look.\"}]"));

  private final JSONSchemaProps schema;
  private final JsonNode spec;

  /**
   * Changes of one spec.
   *
   * @param schema of spec
   * @param spec with every feature
   */
  public FieldChanges(JSONSchemaProps schema, JsonNode spec) {
    this.schema = schema;
    this.spec = spec;
  }

  /** Every field by its path, with another value. */
  public Map<String, JsonNode> all() {
    var changes = new TreeMap<String, JsonNode>();
    var unknown = new ArrayList<String>();
    walk(schema, "", spec, changes, unknown);
    assertThat(unknown)
        .as(
            "fields without another value: add one to stub.yaml or VALUES, or to FIXED with the reason")
        .isEmpty();
    return changes;
  }

  /** Every field of the schema, by its path. */
  public Set<String> fields() {
    var fields = new TreeSet<String>();
    list(schema, "", fields);
    return fields;
  }

  private static void walk(
      JSONSchemaProps schema,
      String path,
      JsonNode present,
      Map<String, JsonNode> changes,
      List<String> unknown) {
    for (var property : schema.getProperties().entrySet()) {
      var field = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
      var value = present == null ? null : present.get(property.getKey());
      visit(property.getValue(), field, value, changes, unknown);
    }
  }

  private static void visit(
      JSONSchemaProps schema,
      String field,
      JsonNode value,
      Map<String, JsonNode> changes,
      List<String> unknown) {
    if (FIXED.containsKey(field)
        || FIXED.containsKey(last(field))
        || (value == null && ABSENT.containsKey(field))) {
      return;
    }
    var given = VALUES.containsKey(field) ? VALUES.get(field) : VALUES.get(last(field));
    boolean descends = schema.getProperties() != null && !schema.getProperties().isEmpty();
    if (given != null) {
      changes.put(field, json(given));
    } else if (!descends && !isObjectList(schema)) {
      other(schema, value).ifPresentOrElse(o -> changes.put(field, o), () -> unknown.add(field));
    } else if (value == null || value.isEmpty()) {
      // Nothing of it would be changed at all.
      unknown.add(field);
    }
    if (descends && value != null && !"resources".equals(last(field))) {
      walk(schema, field, value, changes, unknown);
    }
    if (isObjectList(schema)
        && value != null
        && !value.isEmpty()
        && !"tolerations".equals(last(field))) {
      walk(schema.getItems().getSchema(), field + "[]", value.get(0), changes, unknown);
    }
  }

  private static boolean isObjectList(JSONSchemaProps schema) {
    return "array".equals(schema.getType())
        && schema.getItems().getSchema().getProperties() != null
        && !schema.getItems().getSchema().getProperties().isEmpty();
  }

  private static Optional<JsonNode> other(JSONSchemaProps schema, JsonNode value) {
    if (schema.getEnum() != null && !schema.getEnum().isEmpty()) {
      return schema.getEnum().stream()
          .<JsonNode>map(JSON::valueToTree)
          .filter(one -> !one.isNull() && !one.equals(value))
          .findFirst();
    }
    return switch (schema.getType()) {
      case "boolean" -> Optional.of(JSON.valueToTree(value == null || !value.asBoolean()));
      case "integer" -> {
        long now = value == null ? 0 : value.asLong();
        long most = schema.getMaximum() == null ? Long.MAX_VALUE : schema.getMaximum().longValue();
        yield Optional.of(
            IntNode.valueOf((int) (now + 1 <= most ? Math.max(now + 1, least(schema)) : now - 1)));
      }
      case "string" ->
          schema.getXKubernetesValidations() == null || schema.getXKubernetesValidations().isEmpty()
              ? Optional.of(TextNode.valueOf(value == null ? "other" : value.asText() + "b"))
              : Optional.empty();
      case "array" -> Optional.of(JSON.createArrayNode().add("other"));
      default -> Optional.empty();
    };
  }

  private static long least(JSONSchemaProps schema) {
    return schema.getMinimum() == null ? 0 : schema.getMinimum().longValue();
  }

  /** Whether a change of the field is to show in an object. */
  public static boolean shows(String field) {
    return UNSEEN.keySet().stream().noneMatch(part -> isPartOf(field, part));
  }

  /** The same of an environment that is as asked: what prepares a version is of the next one. */
  public static boolean showsAtOnce(String field) {
    return shows(field) && !isPartOf(field, "services.app.migration");
  }

  /** Whether a field is the listed one, or below it. */
  public static boolean isPartOf(String field, String part) {
    return field.equals(part) || field.startsWith(part + ".") || field.startsWith(part + "[].");
  }

  public static String last(String field) {
    return field.substring(field.lastIndexOf('.') + 1);
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The spec with one field changed. */
  public JsonNode changed(String field, JsonNode value) {
    JsonNode other = spec.deepCopy();
    JsonNode at = other;
    var parts = field.split("[.]");
    for (var part : List.of(parts).subList(0, parts.length - 1)) {
      at = part.endsWith("[]") ? at.get(part.replace("[]", "")).get(0) : at.get(part);
    }
    ((ObjectNode) at).set(parts[parts.length - 1], value);
    return other;
  }

  private static void list(JSONSchemaProps schema, String path, Set<String> fields) {
    if (schema.getProperties() == null) {
      return;
    }
    schema
        .getProperties()
        .forEach((name, property) -> {
          var field = path.isEmpty() ? name : path + "." + name;
          fields.add(field);
          list(property, field, fields);
          if (isObjectList(property)) {
            list(property.getItems().getSchema(), field + "[]", fields);
          }
        });
  }
}
