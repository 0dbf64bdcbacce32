package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.reconcile.EveryPlan;
import ru.scoliologic.staging.reconcile.EveryPlan.Shape;

/** Specs that the API server itself refuses, by the schema's rules, with words that help. */
class RefusedByTheServerIT {
  private static final String NAMESPACE = "refused";
  private static Staging staging;

  @BeforeAll
  static void a_namespace() {
    staging = Staging.shared();
    staging.namespace(NAMESPACE);
  }

  @AfterAll
  static void it_is_removed() {
    staging.remove(NAMESPACE);
  }

  @Test
  void a_good_one_is_accepted_and_completed_with_defaults() {
    var created =
        staging
            .admin()
            .resource(Staging.read("environment.yaml", Map.of()))
            .inNamespace(NAMESPACE)
            .dryRun()
            .create();

    assertThat(created.getSpec()).isEqualTo(Staging.read("environment.yaml", Map.of()).getSpec());
  }

  @Test
  void a_new_one_has_a_status_at_once_that_speaks_of_no_generation() {
    // Before the operator has seen it, and for as long as none runs: kstatus must not take it for
    // one that is done.
    staging.shipped(0);
    try {
      staging
          .admin()
          .resource(Staging.read("environment.yaml", Map.of("name: env", "name: unseen")))
          .inNamespace(NAMESPACE)
          .create();

      var unseen = staging.environment(NAMESPACE, "unseen").get();

      assertThat(unseen.getStatus().observedGeneration()).isEqualTo(-1);
      assertThat(unseen.getStatus().conditions()).isEmpty();
    } finally {
      staging.environment(NAMESPACE, "unseen").delete();
      staging.shipped(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "examples/minimal",
        "examples/scoliologic",
        "examples/gitops",
        "operator/src/test/cluster/overlays/delivery-stand-in"
      })
  void the_examples_are_accepted_as_they_are(String folder) {
    // Into this namespace, for a dry run makes none.
    var result =
        staging
            .cluster()
            .exec(
                "sh",
                "-c",
                "kubectl kustomize /workspace/%s | sed '/^  namespace:/d' | kubectl -n %s apply --dry-run=server -f -"
                    .formatted(folder, NAMESPACE));

    assertThat(result.exitCode()).as(result.stderr()).isZero();
    assertThat(result.stdout()).contains("stagingenvironment.staging.scoliologic.ru/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal", "scoliologic", "gitops"})
  void an_example_that_is_applied_again_is_unchanged(String example) {
    // Suspended, so that nothing is made of it.
    var manifest =
        "sed -e 's/^spec:/spec:\\n  suspend: true/' -e '/^  namespace:/d' /workspace/examples/%s/environment.yaml"
            .formatted(example);

    var first = piped(manifest, "apply");
    var second = piped(manifest, "apply");

    assertThat(first).contains(" created");
    assertThat(second).contains(" unchanged").doesNotContain(" configured");
    piped(manifest, "delete");
  }

  private static String piped(String manifest, String verb) {
    var result =
        staging
            .cluster()
            .exec("sh", "-c", "%s | kubectl -n %s %s -f -".formatted(manifest, NAMESPACE, verb));
    assertThat(result.exitCode()).as(result.stderr()).isZero();
    return result.stdout();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "traefik: traefik.bad.staging.test | unknown: x | domains.traefik is missing",
        "app: app.bad.staging.test | app: App_1 | is not a host name: give a lower-case DNS name",
        "app: app.bad.staging.test | app: https://a.b.test | is not a host name",
        "traefik: traefik.bad.staging.test | traefik: app.bad.staging.test | app and traefik are the same host name",
        "email: ops@staging.test | email: nobody | is not an e-mail address",
        "server: Custom | server: LetsEncrypt | goes with server: Custom",
        "deletionPolicy: Delete | infrastructure: {dns: {resolver: dns}} | is not the address of a DNS server",
        "deletionPolicy: Delete | infrastructure: {dns: {resolver: ':5353'}} | is not the address of a DNS server",
        "deletionPolicy: Delete | infrastructure: {dns: {mode: Maybe}} | Unsupported value: \"Maybe\"",
        "deletionPolicy: Delete | infrastructure: {capacity: {minimum: {cpu: four}}} | is not an amount of CPU",
        "dashboardAuth: | access: {allowFrom: [office]} ~ dashboardAuth: | holds what is no network: give ones like",
        "dashboardAuth: | access: {allowFrom: [10.0.0.0/33]} ~ dashboardAuth: | holds what is no network",
        "dashboardAuth: | access: {basicAuth: {secretKeyRef: {name: a, key: b}}, openPaths: [/]} ~ dashboardAuth: | holds what is no path below '/'",
        "dashboardAuth: | access: {openPaths: [/a]} ~ dashboardAuth: | openPaths goes with allowFrom or basicAuth",
        "dashboardAuth: | access: {} ~ mode: Shared ~ shared: {className: nginx} ~ dashboardAuth: | by the annotations of the class",
        "dashboardAuth: | headers: {preset: Loose} ~ dashboardAuth: | Unsupported value: \"Loose\"",
        "dashboardAuth: | headers: {set: [{name: 'X Y', value: a}]} ~ dashboardAuth: | is not the name of a header",
        "dashboardAuth: | headers: {set: [{name: Set-Cookie, value: a}]} ~ dashboardAuth: | cannot be set here",
        "dashboardAuth: | headers: {set: [{name: X-A, value: \"a\\nX-B: b\"}]} ~ dashboardAuth: | is not the value of a header",
        "dashboardAuth: | headers: {set: [{name: X-A, value: a}, {name: x-a, value: b}]} ~ dashboardAuth: | a header is listed twice",
        "dashboardAuth: | headers: {} ~ mode: Shared ~ shared: {className: nginx} ~ dashboardAuth: | headers goes with mode: Own only",
        "dashboardAuth: | mode: Shared ~ shared: {className: n} ~ timeouts: {read: 1h} ~ dashboardAuth: | service and timeouts go with mode: Own only",
        "dashboardAuth: | timeouts: {read: forever} ~ dashboardAuth: | is not a length of time",
        "dashboardAuth: | service: {externalTrafficPolicy: Cluster} ~ access: {allowFrom: [10.0.0.0/8]} ~ dashboardAuth: | hides the addresses of clients",
        "dashboardAuth: | service: {loadBalancerClass: a b} ~ dashboardAuth: | is not the class of a load balancer",
        "dashboardAuth: | mode: Shared ~ dashboardAuth: | goes with mode: Shared, and only with it",
        "dashboardAuth: | shared: {className: nginx} ~ dashboardAuth: | goes with mode: Shared, and only with it",
        "dashboardAuth: | mode: Shared ~ shared: {className: nginx, issuer: a, clusterIssuer: b} ~ dashboardAuth: | certificates have one source",
        "dashboardAuth: | mode: Shared ~ shared: {className: N} ~ dashboardAuth: | is not the name of an IngressClass",
        "dashboardAuth: | mode: Shared ~ shared: {className: n, annotations: {kubernetes.io/ingress.class: a}} ~ dashboardAuth: | leave the annotation out",
        "traefik: traefik.bad.staging.test | # no domain | in ingress mode Own the dashboard needs a domain of its own",
        "server: Custom | server: ZeroSSL | Unsupported value: \"ZeroSSL\"",
        "postgres: {storage: 1Gi} | postgres: {storage: 10GB} | is not a volume size: give a whole number with Mi",
        "postgres: {storage: 1Gi} | postgres: {storage: '-1Gi'} | is not a volume size",
        "postgres: {storage: 1Gi} | postgres: {version: '9'} | is not a supported PostgreSQL version",
        "postgres: {storage: 1Gi} | redis: {maxMemory: lots} | is not an amount of memory",
        "postgres: {storage: 1Gi} | monitoring: {} | Grafana has no domain: set domains.grafana",
        "postgres: {storage: 1Gi} | monitoring: {prometheus: {retention: long}, grafana: {enabled: false}} | is not a time to keep samples",
        "postgres: {storage: 1Gi} | monitoring: {prometheus: {version: latest}, grafana: {enabled: false}} | is not a supported Prometheus version",
        "postgres: {storage: 1Gi} | monitoring: {grafana: {enabled: false, adminUser: a b}} | is not a user name",
        "postgres: {storage: 1Gi} | postgres: {restore: {request: a}} | restore reads the backup volume",
        "image: sample-app:1 | image: sample-app:1 ~   migration: {command: [a], backup: true} | copies the database to the backup volume",
        "postgres: {storage: 1Gi} | postgres: {backup: {schedule: daily}} | is not a schedule: give minute, hour",
        "postgres: {storage: 1Gi} | postgres: {backup: {}, restore: {file: ../x, request: a}} | is not the name of a file",
        "postgres: {storage: 1Gi} | postgres: {seed: {}} | a seed has one source",
        "postgres: {storage: 1Gi} | redis: {memoryPolicy: newest} | Unsupported value: \"newest\"",
        "image: sample-app:1 | image: sample app | is not an image reference",
        "image: sample-app:1 | image: sample-app:1 ~   resources: {requests: {memory: '1e400000000'}} | in body should match",
        "image: sample-app:1 | image: sample-app:1 ~   resources: {limits: {cpu: abc}} | in body should match",
        "name: ESIA_CLIENT_ID | name: ESIA-CLIENT | is not a variable name",
        "name: ESIA_CLIENT_ID | name: GRAFANA_ADMIN_PASSWORD, generate: {length: 32, rotation: 1} | generate.rotation cannot be used for the password of Grafana",
        "name: ESIA_CLIENT_ID | name: JWT_SECRET | a key is listed twice",
        "name: ESIA_CLIENT_ID | name: A, minLength: 32, generate: {length: 31} | generate.length is less than minLength: raise it",
        "deletionPolicy: Delete | notifications: [{name: a}] | has no or several addressees: give one of slack",
        "deletionPolicy: Delete | notifications: [{name: a, webhook: {url: 'https://h.test/'}}, {name: a, webhook: {url: 'https://h.test/'}}] | holds a name twice",
        "deletionPolicy: Delete | notifications: [{name: a, telegram: {chatId: team, tokenSecretKeyRef: {name: s, key: k}}}] | is not a chat",
        "deletionPolicy: Delete | notifications: [{name: a, telegram: {chatId: '1', tokenSecretKeyRef: {name: s, key: k}, api: api.test}}] | is not a URL: give one like",
        "deletionPolicy: Delete | notifications: [{name: a, telegram: {chatId: '1', tokenSecretKeyRef: {name: s, key: k}, api: 'https://u:p@api.test'}}] | holds credentials: leave them out",
        "deletionPolicy: Delete | notifications: [{name: a, webhook: {}}] | needs one URL",
        "deletionPolicy: Delete | notifications: [{name: a, webhook: {url: h.test}}] | is not a URL: give one like",
        "deletionPolicy: Delete | notifications: [{name: a, webhook: {url: 'https://u:p@h.test/'}}] | holds credentials: give urlSecretKeyRef",
        "deletionPolicy: Delete | notifications: [{name: a, email: {host: 'm.test:25', from: a@b.test, to: [c@d.test]}}] | is not a host name: give one like mail",
        "deletionPolicy: Delete | notifications: [{name: a, email: {host: m.test, from: 'A <a@b.test>', to: [c@d.test]}}] | is not an e-mail address: give one like staging",
        "deletionPolicy: Delete | notifications: [{name: a, email: {host: m.test, from: a@b.test, to: [c]}}] | holds what is no e-mail address",
        "deletionPolicy: Delete | notifications: [{name: a, email: {host: m.test, from: a@b.test, to: [c@d.test], encryption: None, credentials: {name: s}}}] | sends a password in the clear",
        "name: env | name: a-name-that-is-longer-than-forty-characters | at most 40 characters",
        "name: env | name: my.env | hold only a-z"
      })
  void a_bad_value_is_refused_with_its_field_and_the_cure(
      String good, String bad, String expected) {
    // The resource is sent as it is written, for the types of the client would not let it through.
    var yaml = Given.resource("/e2e/environment.yaml").replace(good, bad.replace(" ~ ", "\n    "));

    assertThatThrownBy(() ->
            staging
                .admin()
                .resource(
                    new KubernetesSerialization().unmarshal(yaml, GenericKubernetesResource.class))
                .inNamespace(NAMESPACE)
                .dryRun()
                .create())
        .hasMessageContaining(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"postgres\":{\"storage\":\"500Mi\"}}",
        "{\"postgres\":{\"storageClassName\":\"other\"}}",
        "{\"postgres\":{\"database\":\"other\"}}",
        "{\"postgres\":{\"user\":\"other\"}}",
        "{\"postgres\":{\"version\":\"16\"}}",
        "{\"redis\":{\"storage\":\"500Mi\"}}"
      })
  void what_a_running_environment_cannot_become_is_no_refusal_of_the_server(String services) {
    // Flux with force deletes and recreates what the server refuses; the operator says it instead.
    staging
        .admin()
        .resource(Staging.read("environment.yaml", Map.of("name: env", "name: kept")))
        .inNamespace(NAMESPACE)
        .forceConflicts()
        .serverSideApply();

    var changed =
        staging
            .environment(NAMESPACE, "kept")
            .patch(
                PatchContext.of(PatchType.JSON_MERGE),
                "{\"spec\":{\"services\":" + services + "}}");

    assertThat(changed.getMetadata().getGeneration()).isGreaterThan(1);
  }

  /** Each with every feature on, and all that is made for it in any pass. */
  @Test
  void every_object_of_an_environment_is_taken_whatever_the_length_of_its_name() {
    var refused = new ConcurrentLinkedQueue<String>();
    var asked = new AtomicInteger();
    var environments = new ArrayList<List<HasMetadata>>();
    EveryPlan.environments().forEach(name -> environments.add(EveryPlan.of(Shape.COMMITS, name)));
    for (var shape : Shape.values()) {
      environments.add(EveryPlan.of(shape, "e".repeat(40)));
    }
    try (var pool = Executors.newFixedThreadPool(4)) {
      environments.stream()
          .flatMap(List::stream)
          .forEach(object ->
              pool.execute(() -> {
                asked.incrementAndGet();
                refusal(object).ifPresent(refused::add);
              }));
    }

    assertThat(refused).isEmpty();
    assertThat(asked).hasValueGreaterThan(environments.size() * 50);
  }

  private static Optional<String> refusal(HasMetadata object) {
    object.getMetadata().setNamespace(NAMESPACE);
    try {
      staging.admin().resource(object).dryRun().forceConflicts().serverSideApply();
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of(Applier.key(object) + ": " + e.getMessage());
    }
  }
}
