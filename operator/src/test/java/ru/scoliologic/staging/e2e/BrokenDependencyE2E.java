package ru.scoliologic.staging.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ru.scoliologic.staging.Given;

/**
 * One environment on its way up, with one thing broken at a time: the condition names the true
 * cause, and mending it is enough to get on. Where it gets stuck next is the following row, so the
 * rows stand in the order in which an environment meets what they break.
 */
class BrokenDependencyE2E {
  private static final String NAMESPACE = "broken";
  private static final String HOLDER = "port-holder";
  private static final String NAME = "env";
  private static final String ZONE = "broken.staging.test";
  private static final String NOBODY = "made-by-nobody";
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private static Staging staging;

  /** As they were before a row that might have cost them. */
  private static Set<String> claims = Set.of();

  private static final List<String> figures = new ArrayList<>();

  /**
   * One thing that is broken.
   *
   * @param name a sentence
   * @param breaking makes it so; does nothing where the row before has left it broken
   * @param type of the condition that tells
   * @param reason it tells
   * @param message pattern of its message
   * @param mending puts it right
   */
  private record Row(
      String name,
      Runnable breaking,
      String type,
      String reason,
      String message,
      Runnable mending) {}

  @BeforeAll
  static void nothing_of_the_environment_is_there_and_its_ports_are_taken() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
    staging
        .admin()
        .resource(new NamespaceBuilder().withNewMetadata().withName(HOLDER).endMetadata().build())
        .serverSideApply();
    staging
        .admin()
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName("web")
                .withNamespace(HOLDER)
                .endMetadata()
                .withNewSpec()
                .withType("LoadBalancer")
                .addNewPort()
                .withPort(80)
                .withTargetPort(new IntOrString(8080))
                .endPort()
                .endSpec()
                .build())
        .create();
    staging
        .admin()
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName(NOBODY)
                .endMetadata()
                .withProvisioner("example.org/nobody")
                .withVolumeBindingMode("WaitForFirstConsumer")
                .build())
        .serverSideApply();
    policy();
    quota();
    var environment = Staging.read("environment.yaml", Map.of("bad.staging.test", ZONE));
    staging.admin().resource(environment).inNamespace(NAMESPACE).create();
  }

  @AfterAll
  static void it_is_removed() {
    System.out.println("time from a broken dependency to its name in a condition:");
    figures.forEach(System.out::println);
    staging.remove(NAMESPACE);
    staging.remove(HOLDER);
    staging.admin().storage().v1().storageClasses().withName(NOBODY).delete();
  }

  private static void spec(String json) {
    staging
        .environment(NAMESPACE, NAME)
        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":" + json + "}");
  }

  /** Starts the application by another command. */
  private static void command(String... words) {
    spec("{\"services\":{\"app\":{\"command\":[\"%s\"]}}}".formatted(String.join("\",\"", words)));
  }

  /** Another program in place of the application: it answers as the script says. */
  private static void app(String script) {
    app(script, "0.0.0.0");
  }

  private static void app(String script, String address) {
    spec(
        "{\"services\":{\"app\":{\"image\":\"sample-app:1\",\"command\":[\"node\",\"-e\","
            + "\"require('http').createServer((q,s)=>{%s}).listen(3000,'%s')\"]}}}"
                .formatted(script, address));
  }

  private static void kubectl(String... arguments) {
    staging.cluster().kubectl(arguments);
  }

  /** The whole content of the Secret, by key and value in turn. */
  private static void given(String... keysAndValues) {
    var values = new HashMap<String, String>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      values.put(
          keysAndValues[i],
          Base64.getEncoder().encodeToString(keysAndValues[i + 1].getBytes(UTF_8)));
    }
    staging
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("given")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withData(values)
                .build())
        .serverSideApply();
  }

  private static void quota() {
    staging
        .admin()
        .resource(
            new ResourceQuotaBuilder()
                .withNewMetadata()
                .withName("none")
                .withNamespace(NAMESPACE)
                .endMetadata()
                .withNewSpec()
                .withHard(Map.of("persistentvolumeclaims", new Quantity("0")))
                .endSpec()
                .build())
        .serverSideApply();
    // It counts from when its controller has seen it.
    await("the quota to be in force")
        .atMost(Staging.SOON)
        .until(() -> {
          var quota =
              staging.admin().resourceQuotas().inNamespace(NAMESPACE).withName("none").get();
          return quota.getStatus() != null && quota.getStatus().getHard() != null;
        });
  }

  /** Uid of every volume claim. */
  private static Set<String> claims() {
    return staging
        .admin()
        .persistentVolumeClaims()
        .inNamespace(NAMESPACE)
        .list()
        .getItems()
        .stream()
        .map(claim -> claim.getMetadata().getUid())
        .collect(Collectors.toSet());
  }

  private static void noQuota() {
    staging.admin().resourceQuotas().inNamespace(NAMESPACE).withName("none").delete();
  }

  /** The operator's rights on Ingresses and NetworkPolicies, with or without writing. */
  private static void networkingVerbs(String... verbs) {
    staging
        .admin()
        .rbac()
        .clusterRoles()
        .withName(Staging.OPERATOR)
        .edit((ClusterRole role) ->
            new ClusterRoleBuilder(role)
                .editMatchingRule(rule -> rule.getResources().contains("networkpolicies"))
                .withVerbs(verbs)
                .endRule()
                .build());
  }

  private static Row row(
      String name,
      Runnable breaking,
      String type,
      String reason,
      String message,
      Runnable mending) {
    return new Row(name, breaking, type, reason, message, mending);
  }

  private static Stream<Row> infrastructure() {
    var type = "InfrastructureReady";
    return Stream.of(
        row(
            "another Service holds the ports",
            () -> {},
            type,
            "PortConflict",
            "Service env-traefik has no address: ports 80 and 443 are held by Service "
                + "port-holder/web",
            () -> staging.remove(HOLDER)),
        row(
            "a storage class does not exist",
            () -> spec("{\"services\":{\"redis\":{\"storageClassName\":\"fast\"}}}"),
            type,
            "StorageClassNotFound",
            "spec.services.redis.storageClassName: storage class fast does not exist; the cluster"
                + " has local-path, made-by-nobody",
            () -> spec("{\"services\":{\"redis\":{\"storageClassName\":null}}}")),
        row(
            "no storage class is the default",
            () -> defaultClass(false),
            type,
            "StorageClassNotFound",
            "no storage class is marked as the default, and these volume claims need one, .*; the cluster has .*",
            () -> defaultClass(true)),
        row(
            "the nodes have too little room",
            () -> spec("{\"services\":{\"app\":{\"resources\":{\"requests\":{\"cpu\":\"900\"}}}}}"),
            type,
            "NotEnoughRoom",
            "CPU: found .* free, needed 90.*",
            () -> spec("{\"services\":{\"app\":{\"resources\":null}}}")),
        row(
            "the domains lead elsewhere",
            () -> spec("{\"ingress\":{\"addresses\":[\"192.0.2.9\"]}}"),
            type,
            "DnsRecordWrong",
            "app.broken.staging.test resolves to .*, needed 192.0.2.9; .*",
            () -> spec("{\"ingress\":{\"addresses\":null}}")),
        row(
            "the DNS server is silent",
            () -> spec("{\"infrastructure\":{\"dns\":{\"resolver\":\"192.0.2.1\"}}}"),
            type,
            "DnsUnanswered",
            ".*192.0.2.1.*",
            () -> spec("{\"infrastructure\":null}")));
  }

  private static void defaultClass(boolean isDefault) {
    kubectl(
        "annotate",
        "storageclass",
        "local-path",
        "--overwrite",
        "storageclass.kubernetes.io/is-default-class=" + isDefault);
  }

  private static Stream<Row> configuration() {
    var type = "ConfigurationReady";
    var users = Given.DASHBOARD_USER;
    return Stream.of(
        row(
            "a Secret is missing",
            () -> {},
            type,
            "SecretMissing",
            "Secrets that do not exist: given.*",
            () -> given("TRAEFIK_AUTH", users)),
        row(
            "a key is missing",
            () -> {},
            type,
            "KeyMissing",
            "keys that no Secret has: ESIA_CLIENT_ID",
            () -> given("TRAEFIK_AUTH", users, "ESIA_CLIENT_ID", "your_client_id")),
        row(
            "a value is a placeholder",
            () -> {},
            type,
            "KeyInvalid",
            "^ESIA_CLIENT_ID in Secret given is a placeholder",
            () ->
                given("TRAEFIK_AUTH", users, "ESIA_CLIENT_ID", "c", "JWT_SECRET", "short-secret")),
        row(
            "a value is too short",
            () -> {},
            type,
            "KeyInvalid",
            "JWT_SECRET in Secret given has 12 characters and needs 32",
            () -> given("TRAEFIK_AUTH", "admin:plain", "ESIA_CLIENT_ID", "c")),
        row(
            "the dashboard's users have no hash",
            () -> {},
            type,
            "KeyInvalid",
            "TRAEFIK_AUTH in Secret given is not user:hash in line 1: .*",
            () -> given("TRAEFIK_AUTH", users, "ESIA_CLIENT_ID", "client-1")),
        row(
            "the init SQL is missing",
            () ->
                spec(
                    "{\"services\":{\"postgres\":{\"initSql\":{\"configMapRef\":{\"name\":\"sql\"}}}}}"),
            type,
            "ConfigMapMissing",
            ".*sql.*",
            () -> spec("{\"services\":{\"postgres\":{\"initSql\":null}}}")),
        row(
            "the certificate authority's bundle is missing",
            () -> kubectl("-n", NAMESPACE, "delete", "configmap", "acme-ca"),
            type,
            "ConfigMapMissing",
            ".*acme-ca.*",
            () -> {
              staging.cluster().trustAcme(NAMESPACE);
            }));
  }

  private static Stream<Row> refused() {
    return Stream.of(
        row(
            "a quota leaves no room for a volume claim",
            () -> {},
            "Deployed",
            "QuotaExceeded",
            "PersistentVolumeClaim/env-.*exceeded quota: none.*",
            BrokenDependencyE2E::noQuota),
        row(
            "a policy of the cluster refuses an object",
            () -> {},
            "Deployed",
            "AdmissionRefused",
            "app: its pod is refused: .*nobody starts an application today.*",
            () -> {
              spec("{\"services\":{\"app\":{\"image\":\"nowhere.invalid/team/app:9\"}}}");
              noPolicy();
            }));
  }

  private static Stream<Row> deployment() {
    var type = "Deployed";
    return Stream.of(
        row(
            "the application's image cannot be pulled",
            () -> {},
            type,
            "ImagePullFailed",
            "app: image nowhere.invalid/team/app:9 cannot be pulled: .*",
            () -> spec("{\"services\":{\"app\":{\"image\":\"sample-app:broken\"}}}")),
        row(
            "the application crashes at start, and no secret of its log is told",
            () -> {},
            type,
            "ContainerCrashing",
            "(?s)app: container app ended with exit code 1: sample-app: cannot start: this version is"
                + " broken on purpose\nits last lines: .*postgresql://app:[*]{3}@env-postgres.*",
            () ->
                spec(
                    "{\"services\":{\"app\":{\"image\":\"sample-app:1\","
                        + "\"command\":[\"node\",\"-e\",\"console.log('nothing to do')\"]}}}")),
        row(
            "the application ends at once, without an error",
            () -> {},
            type,
            "ContainerCrashing",
            "app: container app ended with exit code 0, each time it was started: nothing to do",
            () -> command("env", "FAIL_LIKE=node-dump", "node", "dist/index.js")),
        row(
            "the application's error stands before the dump of an object",
            () -> {},
            type,
            "ContainerCrashing",
            "^app: container app ended with exit code 1: error: relation \"users\" does not exist\n",
            () -> command("env", "FAIL_LIKE=java", "node", "dist/index.js")),
        row(
            "the cause of the application's error stands in the midst of a trace",
            () -> {},
            type,
            "ContainerCrashing",
            "^app: container app ended with exit code 1: Caused by: org.postgresql.util.PSQLException:"
                + " database \"shop\" does not exist\n",
            () ->
                command(
                    "node",
                    "-e",
                    "require('node:fs').mkdirSync('/app/reports', {recursive: true})")),
        row(
            "the application writes where it has no volume",
            () -> {},
            type,
            "ContainerCrashing",
            "^app: container app ended with exit code 1: Error: E\\w+: .*mkdir '/app/reports';"
                + " the root of the file system is read-only: name a volume in"
                + " spec.services.app.volumes with path /app/reports\n",
            () ->
                command(
                    "env",
                    "DATABASE_URL=postgresql://app:not-it@env-postgres:5432/app",
                    "node",
                    "dist/index.js")),
        row(
            "the database refuses the application, which waits for it",
            () -> {},
            type,
            "ComponentsStarting",
            "^starting: app; app: .*its log says: database is not there yet: password authentication"
                + " failed for user \"app\"; PostgreSQL refuses that login: .*",
            () -> {}),
        row(
            "the application answers 500, and no secret of its body is told",
            () -> app("s.statusCode=500;s.end('cannot use '+process.env.JWT_SECRET+' yet')"),
            type,
            "ComponentsStarting",
            "starting: app; app: its health check, GET /api/health, found status 500, needed 200; its"
                + " body begins: cannot use [*]{3} yet",
            () -> {}),
        row(
            "the application listens on 127.0.0.1 only",
            () -> app("s.end()", "127.0.0.1"),
            type,
            "ComponentsStarting",
            "starting: app; app: its health check.* found port 3000 refusing connections: .*only on"
                + " 127.0.0.1 where it has to listen on 0.0.0.0.*",
            () ->
                spec(
                    "{\"services\":{\"app\":{\"command\":null,\"deadlineSeconds\":15,"
                        + "\"health\":{\"path\":\"/api/nowhere\",\"startSeconds\":10}}}}")),
        row(
            "the application never says that it is well",
            () -> {},
            type,
            "NotHealthy",
            "(?s)app: not up for longer than its deadline of 15 s: its health check.* found status 404.*"
                + "its last lines: .*listening on.*",
            () ->
                spec(
                    "{\"services\":{\"app\":{\"deadlineSeconds\":null,\"health\":null,"
                        + "\"resources\":{\"limits\":{\"memory\":\"20Mi\"}}}}}")),
        row(
            "the application needs more memory than its limit",
            () -> {},
            type,
            "OutOfMemory",
            "app: container app was killed for using more memory than its limit",
            () -> spec("{\"services\":{\"app\":{\"resources\":null}}}")),
        row(
            "nothing is, for an application that only its domain and HTTPS may ask",
            () ->
                app(
                    "const h=q.headers;if(h.host!=='app.broken.staging.test'){s.statusCode=400}"
                        + "else if(h['x-forwarded-proto']!=='https'){s.writeHead(301,{location:"
                        + "'https://'+h.host+q.url})}s.end('{\\\"status\\\":\\\"UP\\\"}')"),
            type,
            "Deployed",
            "app .*are available",
            () -> spec("{\"services\":{\"app\":{\"command\":null}}}")),
        row(
            "no node has the label that Redis asks for",
            () -> spec("{\"services\":{\"redis\":{\"nodeSelector\":{\"disk\":\"none\"}}}}"),
            type,
            "Unschedulable",
            "redis: no node can take it: .*",
            () -> spec("{\"services\":{\"redis\":{\"nodeSelector\":null}}}")),
        row(
            "the database's image cannot be pulled",
            () -> spec("{\"services\":{\"postgres\":{\"image\":\"nowhere.invalid/postgres:17\"}}}"),
            type,
            "ImagePullFailed",
            "postgres: image nowhere.invalid/postgres:17 cannot be pulled: .*",
            () -> spec("{\"services\":{\"postgres\":{\"image\":null}}}")),
        row(
            "what runs as the database never serves as one",
            () ->
                spec(
                    "{\"services\":{\"postgres\":{\"image\":\"redis:8.0\",\"deadlineSeconds\":20}}}"),
            type,
            "NotHealthy",
            "(?s)postgres: not up for longer than its deadline of 20 s: its health check says: .*"
                + "pg_isready: .*not found.*its last lines: .*Ready to accept connections.*",
            () -> spec("{\"services\":{\"postgres\":{\"image\":null,\"deadlineSeconds\":null}}}")),
        row(
            "nobody makes the volumes of a storage class",
            () ->
                spec(
                    "{\"services\":{\"monitoring\":{\"grafana\":{\"enabled\":false},\"prometheus\":"
                        + "{\"storageClassName\":\"made-by-nobody\"}}}}"),
            type,
            "VolumePending",
            "prometheus: volume claim env-prometheus of storage class made-by-nobody gets no volume:"
                + " .*example.org/nobody.*",
            () -> spec("{\"services\":{\"monitoring\":null}}")),
        row(
            "the operator lacks a right",
            () -> {
              networkingVerbs("get", "list", "watch");
              kubectl("-n", NAMESPACE, "delete", "networkpolicy", "env-redis");
            },
            type,
            "RightsMissing",
            "NetworkPolicy/env-redis: .*User \"system:serviceaccount:staging-operator:"
                + "staging-operator\" cannot .*",
            () -> networkingVerbs("get", "list", "watch", "create", "patch", "delete")));
  }

  private static Stream<Row> running() {
    return Stream.of(
        row(
            "a page is not there",
            () ->
                spec(
                    "{\"validation\":{\"checks\":[{\"name\":\"price list\",\"priority\":\"Critical\","
                        + "\"path\":\"/api/prices\"}]}}"),
            "Validated",
            "ChecksFailed",
            ".*price list: .*404.*",
            () -> spec("{\"validation\":null}")),
        row(
            "a new version crashes",
            () -> spec("{\"services\":{\"app\":{\"image\":\"sample-app:broken\"}}}"),
            "Ready",
            "CandidateFailed",
            "^container app ended with exit code 1: sample-app: cannot start: this version is broken on"
                + " purpose; version sample-app:broken does not become healthy, sample-app:1 keeps serving",
            () -> spec("{\"services\":{\"app\":{\"image\":\"sample-app:1\"}}}")),
        row(
            "a new version redirects to its own domain whatever its state",
            () ->
                spec(
                    "{\"services\":{\"app\":{\"image\":\"sample-app:2\",\"command\":[\"node\",\"-e\","
                        + "\"process.env.APP_VERSION==='1'?import('/app/dist/index.js'):require('http')"
                        + ".createServer((q,s)=>{s.writeHead(301,{location:'https://app.broken.staging"
                        + ".test'+q.url});s.end()}).listen(3000)\"]}}}"),
            "Ready",
            "CandidateFailed",
            "found status 301, a redirect to 'https://app.broken.staging.test/api/health', needed 200",
            () -> spec("{\"services\":{\"app\":{\"image\":\"sample-app:1\",\"command\":null}}}")),
        row(
            "a component of a verified environment is late, and nothing is wiped",
            () -> {
              claims = claims();
              spec(
                  "{\"rollback\":{\"firstDeployment\":\"Wipe\"},\"services\":{\"redis\":"
                      + "{\"deadlineSeconds\":10,\"nodeSelector\":{\"disk\":\"none\"}}}}");
            },
            "Deployed",
            "Unschedulable",
            "redis: not up for longer than its deadline of 10 s: no node can take it: .*",
            () -> {
              assertThat(claims()).isEqualTo(claims);
              spec(
                  "{\"rollback\":null,\"services\":{\"redis\":"
                      + "{\"deadlineSeconds\":null,\"nodeSelector\":null}}}");
            }),
        row(
            "a volume is to grow that cannot",
            () -> spec("{\"services\":{\"redis\":{\"storage\":\"2Gi\"}}}"),
            "Deployed",
            "StorageCannotGrow",
            ".*redis.*",
            () -> {}));
  }

  /** Refuses the pods of the application in the environment's namespace. */
  private static void policy() {
    staging.admin().load(policyFile()).serverSideApply();
  }

  private static void noPolicy() {
    staging.admin().load(policyFile()).delete();
  }

  private static InputStream policyFile() {
    return BrokenDependencyE2E.class.getResourceAsStream("/e2e/policy.yaml");
  }

  @TestFactory
  Stream<DynamicTest> the_condition_names_the_cause_when() {
    var table =
        Stream.of(infrastructure(), configuration(), refused(), deployment(), running())
            .flatMap(rows -> rows)
            .map(row -> DynamicTest.dynamicTest(row.name(), () -> check(row)));
    return Stream.concat(
        table,
        Stream.of(
            DynamicTest.dynamicTest(
                "nothing is: it is ready", () -> staging.awaitReady(NAMESPACE, NAME))));
  }

  private static void check(Row row) {
    try {
      row.breaking().run();
      var begin = Instant.now();
      named(row);
      figures.add(
          "%6.1f s  %s: %s"
              .formatted(
                  Duration.between(begin, Instant.now()).toMillis() / 1000.0,
                  row.reason(),
                  row.name()));
    } finally {
      row.mending().run();
    }
  }

  private static void named(Row row) {
    staging.await(
        NAMESPACE,
        NAME,
        "%s to say %s %s".formatted(row.type(), row.reason(), row.message()),
        LIMIT,
        environment -> {
          var condition = Staging.condition(environment, row.type());
          return condition != null
              && condition.getReason().equals(row.reason())
              && Pattern.compile(row.message()).matcher(condition.getMessage()).find();
        });
  }
}
