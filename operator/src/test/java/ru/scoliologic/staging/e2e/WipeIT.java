package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Labels;

/**
 * A first deployment that fails, for no node takes Redis, and that is to be wiped. The operator
 * runs with the rights that it ships with. One story: each test goes on where the one before ended.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WipeIT {
  private static final String NAMESPACE = "wipe";
  private static final String WIPED = "FirstDeploymentWiped";
  private static final Duration LIMIT = Duration.ofMinutes(1);

  /** Longer than a look at what fails takes. */
  private static final Duration WHILE = Duration.ofSeconds(12);

  private static final Staging staging = Staging.shared();
  private static StubEnvironment environment;
  private static InProcessOperator operator;

  @BeforeAll
  static void an_environment_that_cannot_come_up() {
    environment = new StubEnvironment(NAMESPACE);
    operator = environment.operatorWithItsRights(0, false);
    environment.create(WipeIT::broken);
  }

  @AfterAll
  static void it_is_removed() {
    environment.close();
  }

  private static void broken(ObjectNode spec) {
    spec.putObject("rollback").put("firstDeployment", "Wipe");
    var redis = (ObjectNode) spec.get("services").get("redis");
    redis.put("deadlineSeconds", 10);
    ((ObjectNode) redis.get("nodeSelector")).put("disk", "none");
  }

  private static void patch(String spec) {
    environment.resource().patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":" + spec + "}");
  }

  private static void breakRedis() {
    patch("{\"services\":{\"redis\":{\"nodeSelector\":{\"disk\":\"none\"}}}}");
  }

  private static void mendRedis() {
    patch("{\"services\":{\"redis\":{\"nodeSelector\":{\"disk\":null}}}}");
  }

  private static StagingEnvironment awaitDeployed(String reason, String message) {
    return staging.await(
        NAMESPACE,
        StubEnvironment.NAME,
        "Deployed to say %s: %s".formatted(reason, message),
        LIMIT,
        e -> {
          var deployed = Staging.condition(e, "Deployed");
          return deployed != null
              && deployed.getReason().equals(reason)
              && deployed.getMessage().contains(message);
        });
  }

  private static StagingEnvironment awaitWiped() {
    return staging.await(
        NAMESPACE,
        StubEnvironment.NAME,
        "the first deployment to be gone",
        LIMIT,
        e -> Staging.has(e, "Stalled", "True", WIPED));
  }

  /** Uid of each claim and StatefulSet, and the generated values. */
  private static Map<String, String> kept() {
    return environment.kept();
  }

  private static Stream<String> marks() {
    return staging
        .admin()
        .persistentVolumeClaims()
        .inNamespace(NAMESPACE)
        .list()
        .getItems()
        .stream()
        .filter(c -> c.getMetadata().getAnnotations().containsKey(Labels.FIRST_DEPLOYMENT))
        .map(c -> c.getMetadata().getName());
  }

  private static void assertNothingButTheBasisIsThere(String credentials) {
    assertThat(kept().keySet())
        .containsExactlyInAnyOrder("PersistentVolumeClaim/env-traefik", "Secret/env-credentials");
    assertThat(kept()).containsEntry("Secret/env-credentials", credentials);
    assertThat(environment.objects().keySet())
        .noneMatch(name -> name.matches("(Deployment|StatefulSet|CronJob|Job|Ingress)/.*"))
        .contains("Service/env-traefik");
  }

  @Test
  @Order(1)
  void without_the_right_nothing_is_removed_and_the_message_says_what_is_missing() {
    var told = awaitDeployed("RightsMissing", "bind ClusterRole staging-operator-wipe");

    assertThat(Staging.condition(told, "Deployed").getMessage())
        .contains("cannot delete resource")
        .contains("redis: not up for longer than its deadline of 10 s");
    assertThat(marks().toList())
        .contains("env-postgres", "env-redis")
        .doesNotContain("env-traefik");
    var before = kept();
    await("nothing to be removed").during(WHILE).atMost(LIMIT).until(() -> kept().equals(before));
  }

  @Test
  @Order(2)
  void with_the_right_all_of_it_goes_with_its_volumes_and_the_cause_stays() {
    var credentials = kept().get("Secret/env-credentials");
    staging
        .admin()
        .resource(
            new RoleBindingBuilder()
                .withNewMetadata()
                .withName("wipe")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewRoleRef()
                .withApiGroup("rbac.authorization.k8s.io")
                .withKind("ClusterRole")
                .withName("staging-operator-wipe")
                .endRoleRef()
                .addNewSubject()
                .withKind("ServiceAccount")
                .withName(Staging.OPERATOR)
                .withNamespace(Staging.OPERATOR)
                .endSubject()
                .build())
        .create();

    var wiped = awaitWiped();

    assertNothingButTheBasisIsThere(credentials);
    assertThat(wiped.getStatus().wiped().cause())
        .contains("redis: not up for longer than its deadline of 10 s");
    assertThat(Staging.condition(wiped, "Stalled").getMessage())
        .contains(wiped.getStatus().wiped().cause());
    assertThat(wiped.getStatus().app()).isNull();
    environment.settles(LIMIT, () -> true);
    var writes = operator.writes();
    Staging.stays("it is not tried again by itself", WHILE, () -> operator.writes().equals(writes));
  }

  @TestFactory
  @Order(3)
  Stream<DynamicTest> a_wipe_ends_in_spite_of_a_death() {
    var writes =
        "all".equals(System.getProperty("faults"))
            ? Stream.iterate(1, n -> n <= 30, n -> n + 1).toList()
            : List.of(2, 5, 11);
    return writes.stream()
        .map(write -> DynamicTest.dynamicTest("before write " + write, () -> dies(write)));
  }

  private static void dies(int write) {
    patch("{\"rollback\":{\"firstDeployment\":\"Keep\"}}");
    awaitDeployed("Unschedulable", "not up for longer than its deadline");
    var credentials = kept().get("Secret/env-credentials");
    var dying = environment.operatorWithItsRights(write, false);
    patch("{\"rollback\":{\"firstDeployment\":\"Wipe\"}}");
    await("the operator to die or to be done")
        .atMost(LIMIT)
        .until(() ->
            dying.isDead() || Staging.has(environment.resource().get(), "Stalled", "True", WIPED));

    environment.operatorWithItsRights(0, false);

    awaitWiped();
    assertNothingButTheBasisIsThere(credentials);
  }

  @Test
  @Order(4)
  void once_mended_it_is_deployed_anew_and_the_marks_go() {
    mendRedis();

    environment.converge();

    assertThat(environment.resource().get().getStatus().wiped()).isNull();
    assertThat(kept()).containsKeys("StatefulSet/env-redis", "PersistentVolumeClaim/env-postgres");
    assertThat(marks()).isEmpty();
  }

  @Test
  @Order(5)
  void one_that_was_deployed_is_never_wiped() {
    var before = kept();

    breakRedis();

    awaitDeployed("Unschedulable", "not up for longer than its deadline of 10 s");
    await("all to be kept").during(WHILE).atMost(LIMIT).until(() -> kept().equals(before));
    assertThat(environment.resource().get().getStatus().wiped()).isNull();
  }

  @Test
  @Order(6)
  void adopted_volumes_are_never_wiped_and_are_named() {
    patch("{\"deletionPolicy\":\"Retain\"}");
    await("the claims to have no owner")
        .atMost(LIMIT)
        .until(() ->
            staging
                .admin()
                .persistentVolumeClaims()
                .inNamespace(NAMESPACE)
                .list()
                .getItems()
                .stream()
                .allMatch(c -> c.getMetadata().getOwnerReferences().isEmpty()));
    environment.resource().delete();
    await("the sets to be gone")
        .atMost(LIMIT)
        .until(() -> kept().keySet().stream().noneMatch(name -> name.startsWith("StatefulSet/")));
    var before = kept();

    environment.create(WipeIT::broken);

    awaitDeployed("Unschedulable", "nothing is wiped, for this was not made for the first");
    assertThat(kept()).containsAllEntriesOf(before);
  }
}
