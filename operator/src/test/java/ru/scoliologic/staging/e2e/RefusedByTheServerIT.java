package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;

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
        "deletionPolicy: Delete | infrastructure: {dns: {mode: Maybe}} | Unsupported value: \"Maybe\"",
        "deletionPolicy: Delete | infrastructure: {capacity: {minimum: {cpu: four}}} | is not an amount of CPU",
        "dashboardAuth: | access: {allowFrom: [office]} ~ dashboardAuth: | holds what is no network: give ones like",
        "dashboardAuth: | access: {allowFrom: [10.0.0.0/33]} ~ dashboardAuth: | holds what is no network",
        "dashboardAuth: | access: {basicAuth: {secretKeyRef: {name: a, key: b}}, openPaths: [/]} ~ dashboardAuth: | holds what is no path below '/'",
        "dashboardAuth: | access: {openPaths: [/a]} ~ dashboardAuth: | openPaths goes with allowFrom or basicAuth",
        "dashboardAuth: | access: {} ~ mode: Shared ~ shared: {className: nginx} ~ dashboardAuth: | by the annotations of the class",
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

  @Test
  void a_volume_does_not_shrink_and_a_database_keeps_its_name_and_major_version() {
    var resource = staging.environment(NAMESPACE, "env");
    staging
        .admin()
        .resource(
            Staging.read(
                "environment.yaml", Map.of("image: sample-app:1", "image: nowhere.invalid/none:1")))
        .inNamespace(NAMESPACE)
        .create();
    for (var change :
        Map.of(
                "{\"storage\":\"500Mi\"}", "a volume cannot shrink",
                "{\"database\":\"other\"}", "cannot change once set",
                "{\"version\":\"16\"}", "the major version cannot change")
            .entrySet()) {
      assertThatThrownBy(() ->
              resource.patch(
                  PatchContext.of(PatchType.JSON_MERGE),
                  "{\"spec\":{\"services\":{\"postgres\":" + change.getKey() + "}}}"))
          .isInstanceOf(KubernetesClientException.class)
          .hasMessageContaining(change.getValue());
    }
  }
}
