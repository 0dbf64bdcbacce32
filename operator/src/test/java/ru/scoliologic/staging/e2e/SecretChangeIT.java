package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.stage.StageResult;

/** Secrets that come late or change: seen at once, and only the pods that use them are replaced. */
class SecretChangeIT {
  private static final String NAMESPACE = "secret-change";
  private static final String CLIENT_ID = "client-that-nobody-else-has";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Far below the time after which the operator looks again by itself. */
  private static final Duration BY_WATCH = StageResult.Waiting.LATER.dividedBy(3);

  private static StubEnvironment environment;
  private static JsonNode spec;

  @BeforeAll
  static void an_environment_of_which_only_keys_reach_the_application() {
    environment = new StubEnvironment(NAMESPACE);
    given("ESIA_CLIENT_ID", CLIENT_ID);
    var manifest = StubEnvironment.manifest();
    ((ObjectNode) manifest.at("/spec/services/app")).remove("envFrom");
    spec = manifest.get("spec");
    environment.operator();
    environment.create(manifest);
    environment.converge();
  }

  @AfterEach
  void all_is_as_it_was() {
    admin().load(policy()).delete();
    environment.spec(spec);
    environment.converge();
  }

  @AfterAll
  static void it_is_removed() {
    environment.close();
  }

  private static KubernetesClient admin() {
    return Staging.shared().admin();
  }

  private static InputStream policy() {
    return SecretChangeIT.class.getResourceAsStream("/e2e/credentials-policy.yaml");
  }

  private static void given(String key, String value) {
    admin()
        .secrets()
        .inNamespace(NAMESPACE)
        .withName("given")
        .edit(secret -> new SecretBuilder(secret).addToData(key, encoded(value)).build());
  }

  private static String encoded(String value) {
    return Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, String> values(String secret) {
    return admin().secrets().inNamespace(NAMESPACE).withName(secret).get().getData();
  }

  /** Uids of the pods of each component. */
  private static Map<String, Set<String>> pods() {
    return admin().pods().inNamespace(NAMESPACE).list().getItems().stream()
        .filter(pod -> !pod.isMarkedForDeletion())
        .collect(
            Collectors.groupingBy(
                pod -> pod.getMetadata().getLabels().get(Labels.COMPONENT),
                TreeMap::new,
                Collectors.mapping(
                    pod -> pod.getMetadata().getUid(), Collectors.toCollection(TreeSet::new))));
  }

  /** Labels of the pods that the environment has. */
  private static String[] components() {
    var running =
        admin().resources(StagingEnvironment.class).inNamespace(NAMESPACE).list().getItems();
    return ComponentName.requested(running.getFirst().getSpec()).keySet().stream()
        .map(ComponentName::label)
        .toArray(String[]::new);
  }

  @Test
  void a_secret_that_comes_late_is_seen_by_the_watch() {
    var figures = new ArrayList<Long>();
    JsonNode waiting = spec.deepCopy();
    ((ArrayNode) waiting.at("/secrets/from"))
        .addObject()
        .putObject("secretRef")
        .put("name", "late");
    ((ArrayNode) waiting.at("/secrets/keys")).addObject().put("name", "LATE");
    environment.spec(waiting);
    for (int i = 0; i < 3; i++) {
      awaitConfiguration("False", "SecretMissing", LIMIT);
      // So that it is not seen by a pass that was due anyway.
      environment.converge();
      var late =
          new SecretBuilder()
              .withNewMetadata()
              .withName("late")
              .withNamespace(NAMESPACE)
              .endMetadata()
              .addToData("LATE", encoded("here it is"))
              .build();

      var begin = Instant.now();
      admin().resource(late).create();
      awaitConfiguration("True", "ConfigurationReady", BY_WATCH);

      figures.add(Duration.between(begin, Instant.now()).toMillis());
      admin().resource(late).delete();
    }
    System.out.println("ms until a late Secret was seen: " + figures);
  }

  private static void awaitConfiguration(String status, String reason, Duration limit) {
    await("ConfigurationReady to be " + status + ", " + reason)
        .atMost(limit)
        .pollInterval(Duration.ofMillis(20))
        .until(
            () -> Staging.has(environment.resource().get(), "ConfigurationReady", status, reason));
  }

  @Test
  void a_changed_value_replaces_the_applications_pods_and_no_others() {
    replacesExactly("app", () -> given("ESIA_CLIENT_ID", CLIENT_ID + "-now"));
  }

  @Test
  void a_changed_user_of_the_dashboard_replaces_traefiks_pod_and_no_others() {
    replacesExactly(
        "traefik",
        () -> given("TRAEFIK_AUTH", Given.DASHBOARD_USER.replace("admin:", "somebody:")));
  }

  private static void replacesExactly(String component, Runnable change) {
    var before = pods();
    assertThat(before).containsOnlyKeys(components());

    change.run();

    await("another pod of " + component)
        .atMost(LIMIT)
        .until(() -> {
          // Read once: between two readings a pod may go.
          var now = pods().get(component);
          return now != null && Collections.disjoint(now, before.get(component));
        });
    environment.converge();
    var after = pods();
    assertThat(after.get(component)).hasSameSizeAs(before.get(component));
    after.remove(component);
    before.remove(component);
    assertThat(after).isEqualTo(before);
  }

  @Test
  void a_value_that_cannot_be_stored_reaches_no_pod() {
    var pods = pods();
    var handedOn = values("env-app-env");
    JsonNode more = spec.deepCopy();
    ((ArrayNode) more.at("/secrets/keys"))
        .addObject()
        .put("name", "NEW_KEY")
        .putObject("generate")
        .put("length", 32);
    admin().load(policy()).serverSideApply();
    await("the policy to be in force").atMost(LIMIT).until(SecretChangeIT::policyHolds);

    environment.spec(more);
    awaitConfiguration("False", "AdmissionRefused", LIMIT);

    await("nothing to be handed on")
        .atMost(LIMIT)
        .during(Duration.ofSeconds(3))
        .until(() -> values("env-app-env").equals(handedOn) && pods().equals(pods));
    admin().load(policy()).delete();
    await("the value, once it is stored")
        .atMost(LIMIT)
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> {
          given("touched", Instant.now().toString());
          return values("env-app-env").containsKey("NEW_KEY");
        });
    environment.converge();
    assertThat(values("env-app-env"))
        .containsEntry("NEW_KEY", values("env-credentials").get("NEW_KEY"));
  }

  private static boolean policyHolds() {
    try {
      admin()
          .secrets()
          .inNamespace(NAMESPACE)
          .withName("env-credentials")
          .dryRun()
          .edit(secret -> new SecretBuilder(secret).addToData("tried", encoded("yes")).build());
      return false;
    } catch (KubernetesClientException e) {
      return e.getMessage().contains("no credentials are stored today");
    }
  }

  @Test
  void no_object_but_secrets_holds_a_value_in_any_form() throws JsonProcessingException {
    var secrets =
        Stream.of("env-credentials", "env-app-env")
            .flatMap(name -> values(name).entrySet().stream())
            .filter(entry -> !List.of("PORT").contains(entry.getKey()))
            .map(entry ->
                new String(Base64.getDecoder().decode(entry.getValue()), StandardCharsets.UTF_8))
            .collect(Collectors.toSet());
    assertThat(secrets).hasSizeGreaterThan(5).anyMatch(value -> value.startsWith(CLIENT_ID));
    var masking = new SecretMasker(secrets);
    var cluster = Staging.shared().cluster();
    var kinds =
        cluster
            .kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name")
            .lines()
            .map(String::strip)
            .filter(kind -> !kind.isEmpty())
            .collect(Collectors.joining(","));

    var holders = new TreeSet<String>();
    var others = new TreeSet<String>();
    for (var object :
        JSON.readTree(cluster.kubectl("-n", NAMESPACE, "get", kinds, "-o", "json")).get("items")) {
      var text = object.toString();
      var name = object.get("kind").asText() + "/" + object.at("/metadata/name").asText();
      (masking.mask(text).equals(text) ? others : holders).add(name);
    }

    assertThat(holders)
        .contains("Secret/env-credentials", "Secret/env-app-env", "Secret/given")
        .allMatch(name -> name.startsWith("Secret/"));
    assertThat(others)
        .contains("StagingEnvironment/env", "StatefulSet/env-postgres", "ConfigMap/given")
        .anyMatch(name -> name.startsWith("Pod/"))
        .anyMatch(name -> name.startsWith("ReplicaSet/"))
        .anyMatch(name -> name.startsWith("StagingRelease/"))
        .anyMatch(name -> name.startsWith("Event/"));
  }
}
