package ru.scoliologic.staging.reconcile.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.Amount;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.ServicesSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.api.StagingEnvironmentSpec;
import ru.scoliologic.staging.notification.World;
import ru.scoliologic.staging.reconcile.observe.ReferencedObjects;

class SpecValidatorTest {
  @Test
  void a_good_spec_has_no_problem() {
    assertThat(SpecValidator.problems(Given.environment("demo"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "app: app.staging.test | app: App.Staging.Test | spec.domains.app: 'App.Staging.Test' is not a host name",
        "app: app.staging.test | app: тест.рф | the ASCII form of this one is xn--e1aybc.xn--p1ai",
        "app: app.staging.test | app: localhost | spec.domains.app: 'localhost' is not a host name",
        "app: app.staging.test | app: '*.staging.test' | spec.domains.app: '*.staging.test' is not a host name",
        "traefik: traefik.staging.test | traefik: app.staging.test | app and traefik are the same host name",
        "traefik: traefik.staging.test | traefik: '' | spec.domains.traefik is missing",
        "email: ops@staging.test | email: ops | spec.ingress.acme.email: 'ops' is not an e-mail address",
        "image: sample-app:1 | 'deadlineSeconds: 100\n      health: {startSeconds: 120}' | spec.services.app: deadlineSeconds is shorter than",
        "image: sample-app:1 | image: 'sample app' | spec.services.app.image: 'sample app' is not an image reference",
        "name: ESIA_CLIENT_ID | name: ESIA-ID | spec.secrets.keys[ESIA-ID].name: 'ESIA-ID' is not a variable name",
        "name: ESIA_CLIENT_ID | name: GRAFANA_ADMIN_PASSWORD, generate: {length: 32, rotation: 1} | generate.rotation cannot be used for the password of Grafana",
        "name: ESIA_CLIENT_ID | name: JWT_SECRET | spec.secrets.keys[JWT_SECRET] is listed twice: every name may stand once",
        "generate: {length: 48} | generate: {length: 31} | spec.secrets.keys[JWT_SECRET]: generate.length is less than minLength: raise it"
      })
  void a_bad_value_is_named_with_its_field_and_the_cure(String good, String bad, String expected) {
    var edited = Given.aGoodStart().edited(good, bad).snapshot().environment();

    assertThat(SpecValidator.problems(edited)).anySatisfy(p -> assertThat(p).contains(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"1e400000000", "1e50000000", "abc", "-1", "1e100", "1mi", "1 Gi", "0x10", "1e"})
  void an_amount_that_is_none_or_has_no_bounds_is_refused(String amount) {
    assertThat(SpecValidator.problems(asking(amount)))
        .singleElement()
        .asString()
        .startsWith(
            "spec.services.app.resources.requests[memory]: '%s' is not an amount"
                .formatted(amount));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e3", "0.5", "100m", "1Ki", "2", "1.5Gi", "+1", "1E", "512Mi", ".5"})
  void an_amount_as_kubernetes_writes_it_is_taken(String amount) {
    assertThat(SpecValidator.problems(asking(amount))).isEmpty();
  }

  private static StagingEnvironment asking(String memory) {
    return Given.aGoodStart()
        .edited(
            "image: sample-app:1",
            "image: sample-app:1\n      resources: {requests: {memory: '%s'}}".formatted(memory))
        .snapshot()
        .environment();
  }

  @Test
  void more_secrets_than_can_be_watched_are_refused() {
    assertThat(SpecValidator.problems(naming(ReferencedObjects.MOST - 10))).isEmpty();
    assertThat(SpecValidator.problems(naming(1000)))
        .singleElement()
        .asString()
        .matches(
            "spec names 10\\d\\d different Secrets and ConfigMaps, 50 at most: each is watched; keep"
                + " several keys in one of them");
  }

  private static StagingEnvironment naming(int secrets) {
    var checks =
        IntStream.range(0, secrets / 10)
            .mapToObj(check ->
                IntStream.range(0, 10)
                    .mapToObj(
                        i -> "{name: a, secretKeyRef: {name: s%d%d, key: k}}".formatted(check, i))
                    .collect(
                        Collectors.joining(
                            ", ", "{name: c%d, path: /, headers: [".formatted(check), "]}")))
            .collect(Collectors.joining(", "));
    return Given.aGoodStart()
        .edited(yaml -> yaml + "  validation: {checks: [%s]}\n".formatted(checks))
        .snapshot()
        .environment();
  }

  @Test
  void every_amount_of_the_schema_is_bounded() throws IOException {
    var schema =
        Files.readString(Path.of("../crds/stagingenvironments.staging.scoliologic.ru-v1.yml"));
    var amounts = schema.split("x-kubernetes-int-or-string: true", -1).length - 1;

    assertThat(amounts).isPositive();
    assertThat(
            schema.split(
                "maxLength: %d\n *pattern: .*\n *x-kubernetes-int-or-string"
                    .formatted(Amount.MAX_LENGTH),
                -1))
        .hasSize(amounts + 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{checks: [{name: a, path: '/a b'}]} | spec.validation.checks[a].path: '/a b' is not a path of a URL",
        "{checks: [{name: a, path: '/50%'}]} | spec.validation.checks[a].path: '/50%' is not a path of a URL",
        "{checks: [{name: a, path: page}]} | spec.validation.checks[a].path: 'page' is not a path of a URL",
        "{checks: [{name: a}]} | spec.validation.checks[a].path is missing",
        "{containers: [{name: a}]} | spec.validation.containers[a].image is missing",
        "{containers: [{name: a, image: b}, {name: a, image: c}]} | spec.validation.containers[a] is listed twice",
        "{containers: [{name: a, image: b, env: [{name: A-B, value: c}]}]} | spec.validation.containers[a].env[A-B].name: 'A-B' is not a",
        "{containers: [{name: a, image: b, env: [{name: A}]}]} | spec.validation.containers[a].env[A]: give either value or secretKeyRef"
      })
  void what_is_asked_of_checks_is_checked(String validation, String expected) {
    var edited =
        Given.aGoodStart()
            .edited(yaml -> yaml + "  validation: " + validation + "\n")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited)).anySatisfy(p -> assertThat(p).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{path: health} | spec.services.app.health.path: 'health' is not a path",
        "{tcp: true, path: /healthz} | spec.services.app.health: path, headers and status belong to an HTTP check",
        "{tcp: true, status: [204]} | spec.services.app.health: path, headers and status belong to an HTTP check",
        "{command: [ok], headers: [{name: A, value: b}]} | spec.services.app.health: path, headers and status belong to an",
        "{command: [ok], port: 9000} | spec.services.app.health: a command uses no port",
        "{command: [ok], tcp: true} | spec.services.app.health: a command uses no port",
        "{headers: [{name: 'A B', value: c}]} | spec.services.app.health.headers[A B].name: 'A B' is not the name of a header"
      })
  void how_the_application_is_asked_is_checked(String health, String expected) {
    var edited =
        Given.aGoodStart()
            .edited("image: sample-app:1", "image: sample-app:1\n      health: " + health)
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited)).singleElement().asString().startsWith(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{tcp: true, port: 9000, path: /api/health, startSeconds: 15}",
        "{command: [test, -e, /tmp/ready]}",
        "{path: /healthz, port: 9000, status: [200, 302], headers: [{name: X-Probe, value: ''}]}"
      })
  void there_are_several_ways_to_ask_it(String health) {
    var edited =
        Given.aGoodStart()
            .edited("image: sample-app:1", "image: sample-app:1\n      health: " + health)
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/a/b.html?q=a%20b&c=(1)", "/~x/@me:1;v=2,3"})
  void paths_of_checks_are_accepted_as_urls_have_them(String path) {
    var edited =
        Given.aGoodStart()
            .edited(
                yaml -> yaml + "  validation: {checks: [{name: a, path: '%s'}]}\n".formatted(path))
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[{name: a}] | spec.notifications[a] has no or several addressees",
        "[{name: a, slack: {urlSecretKeyRef: {name: s, key: k}}, webhook: {url: 'https://h.test/'}}] | spec.notifications[a] has no or several addressees",
        "[{webhook: {url: 'https://h.test/'}}] | spec.notifications[].name is missing",
        "[{name: a, webhook: {url: 'https://h.test/'}}, {name: a, webhook: {url: 'https://h.test/'}}] | spec.notifications[a] is listed twice",
        "[{name: a, slack: {urlSecretKeyRef: {name: s}}}] | spec.notifications[a].slack.urlSecretKeyRef.key is missing",
        "[{name: a, telegram: {chatId: team, tokenSecretKeyRef: {name: s, key: k}}}] | spec.notifications[a].telegram.chatId: 'team' is not a chat",
        "[{name: a, telegram: {chatId: '-1', tokenSecretKeyRef: {name: s, key: k}, api: api.test}}] | spec.notifications[a].telegram.api: 'api.test' is not a URL",
        "[{name: a, telegram: {chatId: '-1', tokenSecretKeyRef: {name: s, key: k}, api: 'https://u:p@api.test'}}] | spec.notifications[a].telegram.api holds credentials",
        "[{name: a, webhook: {}}] | spec.notifications[a].webhook needs one URL",
        "[{name: a, webhook: {url: 'https://h.test/', urlSecretKeyRef: {name: s, key: k}}}] | spec.notifications[a].webhook needs one URL",
        "[{name: a, webhook: {url: h.test}}] | spec.notifications[a].webhook.url: 'h.test' is not a URL",
        "[{name: a, webhook: {url: 'https://u:p@h.test/'}}] | spec.notifications[a].webhook.url holds credentials",
        "[{name: a, email: {host: 'm.test:25', from: a@b.test, to: [c@d.test]}}] | spec.notifications[a].email.host: 'm.test:25' is not a host name",
        "[{name: a, email: {host: m.test, from: 'A <a@b.test>', to: [c@d.test]}}] | spec.notifications[a].email.from: 'A <a@b.test>' is not an e-mail address",
        "[{name: a, email: {host: m.test, from: a@b.test, to: [c]}}] | spec.notifications[a].email.to: 'c' holds what is no e-mail address",
        "[{name: a, email: {host: m.test, from: a@b.test, to: []}}] | spec.notifications[a].email.to is missing",
        "[{name: a, email: {host: m.test, from: a@b.test, to: [c@d.test], encryption: None, credentials: {name: s}}}] | spec.notifications[a].email sends a password in the clear"
      })
  void who_is_told_is_checked(String notifications, String expected) {
    var edited =
        Given.aGoodStart()
            .edited(yaml -> yaml + "  notifications: " + notifications + "\n")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited)).singleElement().asString().startsWith(expected);
  }

  @Test
  void the_notifications_of_the_examples_are_accepted() {
    assertThat(SpecValidator.problems(World.environment())).isEmpty();
  }

  @Test
  void a_folder_must_be_absolute_and_its_size_a_whole_number_with_a_unit() {
    var edited =
        Given.aGoodStart()
            .edited(
                "image: sample-app:1",
                "image: sample-app:1\n      volumes: [{path: uploads, size: 1Gi}, {path: /u, size: 5 GB}]")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited))
        .containsExactly(
            "spec.services.app.volumes[uploads].path: 'uploads' is not an absolute folder: give one"
                + " like /app/uploads",
            "spec.services.app.volumes[/u].size: '5 GB' is not a volume size: give a whole number"
                + " with Mi, Gi or Ti, for example 20Gi");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/tmp | volumes[/tmp].path: '/tmp' is a folder that every container has already",
        "/proc/own | volumes[/proc/own].path: '/proc/own' is a folder that every container has already",
        "/app/.. | volumes[/app/..].path: '/app/..' is not an absolute folder",
        "/app/uploads. | volumes[/app/uploads.].path: '/app/uploads.' is not an absolute folder"
      })
  void a_folder_that_cannot_be_a_volume_is_named(String path, String expected) {
    assertThat(SpecValidator.problems(withFolders(path)))
        .singleElement()
        .satisfies(p -> assertThat(p).contains(expected));
  }

  @Test
  void a_folder_that_gives_its_volume_too_long_a_name_is_refused_with_found_and_allowed() {
    var longest = "/app/" + "a".repeat(57);

    assertThat(SpecValidator.problems(withFolders(longest))).isEmpty();
    assertThat(SpecValidator.problems(withFolders(longest + "b")))
        .singleElement()
        .asString()
        .endsWith(".path has 63 characters: 62 at most, shorten it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a-b /a/b", "/a/B /a/b", "/a /a", "/x/.y_z /x-y/z"})
  void two_folders_whose_volumes_would_have_one_name_are_refused(String paths) {
    assertThat(SpecValidator.problems(withFolders(paths.split(" ", -1))))
        .singleElement()
        .asString()
        .startsWith(
            "spec.services.app.volumes["
                + paths.split(" ", -1)[1]
                + "].path: two folders result in");
  }

  @Test
  void folders_with_names_of_their_own_are_accepted_the_ones_in_system_folders_too() {
    assertThat(
            SpecValidator.problems(
                withFolders("/tmp/uploads", "/etc/app", "/a/b", "/ab", "/proc1")))
        .isEmpty();
  }

  private static StagingEnvironment withFolders(String... paths) {
    var volumes =
        java.util.stream.Stream.of(paths)
            .map("{path: %s, size: 1Gi}"::formatted)
            .collect(java.util.stream.Collectors.joining(", ", "[", "]"));
    return Given.aGoodStart()
        .edited("image: sample-app:1", "image: sample-app:1\n      volumes: " + volumes)
        .snapshot()
        .environment();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{version: '16', image: 'postgres:16-alpine'}",
        "{version: '16.4', image: 'registry.example.org:5000/mirror/postgres:16.4@sha256:0a'}",
        "{version: '16', image: 'registry.example.org/team/database:9'}",
        "{version: '18'}",
        "{version: '18.1', image: 'postgres:18-alpine'}",
        "{version: '14'}",
        "{version: '16', image: 'postgres:latest'}",
        "{version: '16', image: 'pgvector/pgvector-postgres:17'}"
      })
  void an_image_of_the_version_or_of_none_that_can_be_told_is_accepted(String postgres) {
    assertThat(SpecValidator.problems(database(postgres))).isEmpty();
  }

  private static StagingEnvironment database(String postgres) {
    return Given.aGoodStart()
        .edited(yaml -> yaml.stripTrailing() + "\n    postgres: " + postgres + "\n")
        .snapshot()
        .environment();
  }

  @Test
  void a_copy_before_a_migration_needs_the_backup_volume() {
    var asked =
        Given.aGoodStart()
            .edited(
                "image: sample-app:1",
                "image: sample-app:1\n      migration: {command: [migrate], backup: true}")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(asked))
        .containsExactly("spec.services: " + ServicesSpec.COPY_MESSAGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{backup: {schedule: daily}} | spec.services.postgres.backup.schedule: 'daily' is not a schedule",
        "{backup: {schedule: '61 3 * * *'}} | spec.services.postgres.backup.schedule: '61 3 * * *' is not a",
        "{backup: {storage: 5}} | spec.services.postgres.backup.storage: '5' is not a volume size",
        "{restore: {request: a}} | spec.services.postgres: restore reads the backup volume",
        "{backup: {}, restore: {file: ../x, request: a}} | spec.services.postgres.restore.file: '../x' is not",
        "{backup: {}, restore: {}} | spec.services.postgres.restore.request is missing",
        "{seed: {}} | spec.services.postgres.seed: a seed has one source",
        "{version: '13'} | '13' is not a supported PostgreSQL version: give 14 to 18, for example 17 or 16.4; 13 and older are past their end of life",
        "{version: '9.6'} | '9.6' is not a supported PostgreSQL version",
        "{version: '19'} | '19' is not a supported PostgreSQL version",
        "{image: 'postgres:18'} | spec.services.postgres: image is of another major version than version",
        "{version: '16', image: 'docker.io/library/postgres:17.2-alpine'} | spec.services.postgres: image is",
        "{seed: {volume: {claimName: a, file: /etc/passwd}}} | spec.services.postgres.seed.volume.file: '/etc"
      })
  void what_is_asked_of_the_database_is_checked(String postgres, String expected) {
    assertThat(SpecValidator.problems(database(postgres)))
        .singleElement()
        .satisfies(p -> assertThat(p).contains(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0 3 * * *",
        "*/15 * * * *",
        "0,30 8-18 * * MON-FRI",
        "5 0 1 1-12/3 0",
        "59 23 31 12 6"
      })
  void schedules_in_the_form_of_cron_are_accepted(String schedule) {
    var edited =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.stripTrailing() + "\n    postgres: {backup: {schedule: '" + schedule + "'}}\n")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited)).isEmpty();
  }

  @Test
  void what_stage_1_and_the_attempts_are_told_must_be_understood() {
    var edited =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace(
                        "email: ops@staging.test",
                        "email: ops@staging.test\n      retry: {minInterval: 5m}\n"
                            + "      first: {server: Custom}")
                    .replace(
                        "  secrets:\n",
                        "    addresses: [nat.example.org]\n  infrastructure: {dns: {resolver: dns},"
                            + " capacity: {minimum: {cpu: four}}}\n  secrets:\n"))
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited))
        .anySatisfy(p -> assertThat(p).contains("retry.minInterval is too short"))
        .anySatisfy(p ->
            assertThat(p)
                .contains(
                    "acme.first: directory (the ACME directory URL) goes with server: Custom"))
        .anySatisfy(p -> assertThat(p).contains("'nat.example.org' holds what is no IP address"))
        .anySatisfy(p -> assertThat(p).contains("'dns' is not the address of a DNS server"))
        .anySatisfy(p -> assertThat(p).contains("'four' is not an amount of CPU"))
        .hasSize(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{set: [{value: a}]} | spec.ingress.headers.set[].name is missing",
        "{set: [{name: 'X Y'}]} | spec.ingress.headers.set[X Y].name: 'X Y' is not the name of a header",
        "{set: [{name: Set-Cookie, value: a}]} | spec.ingress.headers.set[Set-Cookie].name: 'Set-Cookie' cannot be set",
        "{set: [{name: WWW-Authenticate}]} | spec.ingress.headers.set[WWW-Authenticate].name: 'WWW-Authenticate' cannot be set",
        "{set: [{name: X-A, value: \"a\\nX-B: b\"}]} | spec.ingress.headers.set[X-A].value is not the value",
        "{set: [{name: X-A, value: a}, {name: x-a, value: b}]} | spec.ingress.headers.set[x-a] is listed twice"
      })
  void headers_that_no_answer_may_carry_are_named(String headers, String expected) {
    assertThat(SpecValidator.problems(ingress("headers: " + headers)))
        .singleElement()
        .satisfies(p -> assertThat(p).contains(expected));
  }

  @Test
  void headers_go_with_the_environments_own_traefik() {
    assertThat(
            SpecValidator.problems(
                ingress("mode: Shared ~ shared: {className: nginx} ~ headers: {preset: Strict}")))
        .contains("spec.ingress: " + IngressSpec.HEADERS_MESSAGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{allowFrom: [office]} | spec.ingress.access.allowFrom: 'office' holds what is no network",
        "{allowFrom: [10.0.0.256]} | spec.ingress.access.allowFrom: '10.0.0.256' holds what is no network",
        "{allowFrom: [10.0.0.0/33]} | spec.ingress.access.allowFrom: '10.0.0.0/33' holds what is no network",
        "{allowFrom: ['1:2:3::4::5']} | spec.ingress.access.allowFrom: '1:2:3::4::5' holds what is no network",
        "{allowFrom: ['2001:db8::/129']} | spec.ingress.access.allowFrom: '2001:db8::/129' holds what is no",
        "{allowFrom: [10.0.0.1], openPaths: [/]} | spec.ingress.access.openPaths: '/' holds what is no path",
        "{allowFrom: [10.0.0.1], openPaths: [/a/../b]} | spec.ingress.access.openPaths: '/a/../b' holds",
        "{allowFrom: [10.0.0.1], openPaths: ['/a`)']} | spec.ingress.access.openPaths: '/a`)' holds",
        "{openPaths: [/a]} | spec.ingress.access: openPaths goes with allowFrom or basicAuth",
        "{basicAuth: {}} | spec.ingress.access.basicAuth.secretKeyRef is missing"
      })
  void an_access_that_would_not_protect_is_named(String access, String expected) {
    assertThat(SpecValidator.problems(accessible(access)))
        .singleElement()
        .satisfies(p -> assertThat(p).contains(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{noIndex: false}",
        "{allowFrom: [10.0.0.0/8, 192.0.2.1, '2001:db8::/32', '::1', 0.0.0.0/0]}",
        "{allowFrom: [10.0.0.1], openPaths: [/api/health, /.well-known/, /a_b/c-d.~e]}"
      })
  void networks_addresses_and_paths_are_accepted(String access) {
    assertThat(SpecValidator.problems(accessible(access))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mode: Shared | spec.ingress: shared (with the className of the controller) goes with mode: Shared",
        "shared: {className: nginx} | spec.ingress: shared (with the className of the controller) goes with",
        "mode: Shared ~ shared: {className: Nginx} | spec.ingress.shared.className: 'Nginx' is not the name",
        "mode: Shared ~ shared: {className: nginx, issuer: a, clusterIssuer: b} | certificates have one source",
        "mode: Shared ~ shared: {className: nginx, tlsSecretRef: {}} | spec.ingress.shared.tlsSecretRef.name is",
        "mode: Shared ~ shared: {className: nginx, annotations: {kubernetes.io/ingress.class: a}} | leave the",
        "mode: Shared ~ shared: {className: nginx} ~ access: {} | by the annotations of the class",
        "mode: Shared ~ shared: {className: nginx} ~ timeouts: {read: 1h} | service and timeouts go with mode: Own only",
        "timeouts: {read: forever} | spec.ingress.timeouts.read: 'forever' is not a length of time",
        "service: {loadBalancerClass: a b} | spec.ingress.service.loadBalancerClass: 'a b' is not the class",
        "service: {annotations: {staging.scoliologic.ru/x: y}} | are the operator's own",
        "service: {externalTrafficPolicy: Cluster} ~ access: {allowFrom: [192.0.2.0/24]} | hides the addresses of clients"
      })
  void a_shared_ingress_that_cannot_be_is_named(String ingress, String expected) {
    assertThat(SpecValidator.problems(ingress(ingress)))
        .singleElement()
        .satisfies(p -> assertThat(p).contains(expected));
  }

  @Test
  void a_shared_ingress_needs_no_authority_no_dashboard_and_no_domain_of_it() {
    var shared =
        Given.aGoodStart().behindSharedIngress("className: nginx").snapshot().environment();

    assertThat(SpecValidator.problems(shared)).isEmpty();
    var own =
        Given.aGoodStart()
            .edited("    traefik: traefik.staging.test\n", "")
            .snapshot()
            .environment();
    assertThat(SpecValidator.problems(own))
        .singleElement()
        .asString()
        .isEqualTo("spec: " + StagingEnvironmentSpec.TRAEFIK_MESSAGE);
  }

  private static StagingEnvironment ingress(String fields) {
    return Given.aGoodStart()
        .edited("    acme:\n", "    " + fields.replace(" ~ ", "\n    ") + "\n    acme:\n")
        .snapshot()
        .environment();
  }

  private static StagingEnvironment accessible(String access) {
    return Given.aGoodStart()
        .edited("    acme:\n", "    access: " + access + "\n    acme:\n")
        .snapshot()
        .environment();
  }

  @Test
  void a_directory_goes_with_a_custom_server_only() {
    var edited =
        Given.aGoodStart()
            .edited(
                "email: ops@staging.test",
                "email: ops@staging.test\n      directory: https://ca.example.org/dir")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited))
        .containsExactly("spec.ingress.acme: " + IngressSpec.Acme.DIRECTORY_ONLY_MESSAGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "grafana: app.staging.test | {} | grafana has the host name of app or of traefik",
        "grafana: traefik.staging.test | {} | grafana has the host name of app or of traefik",
        "grafana: grafana | {} | spec.domains.grafana: 'grafana' is not a host name",
        "# no grafana | {} | Grafana has no domain: set domains.grafana, or",
        "# no grafana | {prometheus: {storage: 1Gi}} | services.monitoring.grafana.enabled: false for Prometheus alone",
        "grafana: g.staging.test | {prometheus: {storage: 10GB}} | spec.services.monitoring.prometheus.storage: '10GB' is not a volume size",
        "grafana: g.staging.test | {prometheus: {version: '2.42'}} | spec.services.monitoring.prometheus.version: '2.42' is not a supported Prometheus version",
        "grafana: g.staging.test | {prometheus: {retention: forever}} | spec.services.monitoring.prometheus.retention: 'forever' is not a time to keep samples",
        "grafana: g.staging.test | {grafana: {version: '9.1.0'}} | spec.services.monitoring.grafana.version: '9.1.0' is not a supported Grafana version",
        "grafana: g.staging.test | {grafana: {storage: much}} | spec.services.monitoring.grafana.storage: 'much' is not a volume size",
        "grafana: g.staging.test | {grafana: {adminUser: 'a b'}} | spec.services.monitoring.grafana.adminUser: 'a b' is not a user name"
      })
  void bad_monitoring_is_named_with_its_field_and_the_cure(
      String domain, String monitoring, String expected) {
    var edited = monitoring(domain, monitoring);

    assertThat(SpecValidator.problems(edited)).anySatisfy(p -> assertThat(p).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "grafana: g.staging.test | {}",
        "grafana: g.staging.test | {grafana: {enabled: false}}",
        "# no grafana | {grafana: {enabled: false}}"
      })
  void good_monitoring_has_no_problem(String domain, String monitoring) {
    assertThat(SpecValidator.problems(monitoring(domain, monitoring))).isEmpty();
  }

  private static StagingEnvironment monitoring(String domain, String monitoring) {
    return Given.aGoodStart()
        .edited(yaml ->
            yaml.replace(
                    "traefik: traefik.staging.test", "traefik: traefik.staging.test\n    " + domain)
                .replace("  services:\n", "  services:\n    monitoring: " + monitoring + "\n"))
        .snapshot()
        .environment();
  }

  @Test
  void a_path_of_metrics_is_a_path() {
    var edited =
        Given.aGoodStart()
            .edited("image: sample-app:1", "image: sample-app:1\n      metrics: {path: metrics}")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited))
        .containsExactly(
            "spec.services.app.metrics.path: 'metrics' is not a path: give one like /metrics");
  }

  @Test
  void a_name_that_leaves_no_room_for_its_objects_is_refused() {
    assertThat(SpecValidator.problems(named("a".repeat(40)))).isEmpty();
    assertThat(SpecValidator.problems(named("a".repeat(41))))
        .containsExactly(StagingEnvironment.MAX_NAME_MESSAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"my.env", "1st", "env-", "Env"})
  void a_name_that_no_service_can_have_is_refused(String name) {
    assertThat(SpecValidator.problems(named(name)))
        .containsExactly(StagingEnvironment.NAME_MESSAGE);
  }

  private static StagingEnvironment named(String name) {
    var environment = Given.environment("demo");
    environment.getMetadata().setName(name);
    return environment;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{repository: git.example.org/app} | spec.gitops.repository: 'git.example.org/app' is not the URL of a Git repository",
        "{repository: 'https://robot:word@git.example.org/a'} | spec.gitops.repository holds credentials: leave them out",
        "{branch: '-x'} | spec.gitops.branch: '-x' is not the name of a branch",
        "{pin: abc} | spec.gitops.pin: 'abc' is not a commit",
        "{build: {dockerfile: /etc/Dockerfile}} | spec.gitops.build.dockerfile: '/etc/Dockerfile' is not a path inside the repository",
        "{build: {context: ''}} | spec.gitops.build.context is missing",
        "{build: {args: [{name: A, value: '1'}, {name: A, value: '2'}]}} | spec.gitops.build.args[A] is listed twice",
        "{build: {engine: {tls: {name: a}}}} | spec.gitops.build.engine: tls goes with host",
        "{build: {engine: {host: builder}}} | spec.gitops.build.engine.host: 'builder' is not the address of a Docker engine",
        "{build: {engine: {host: 'tcp://b:2376'}}} | spec.gitops: build.engine.host is outside the cluster",
        "{build: {engine: {storage: much}}} | spec.gitops.build.engine.storage: 'much' is not",
        "{registry: {external: {repository: 'R/app:1'}}} | spec.gitops.registry.external.repository: 'R/app:1' is not a repository of a registry",
        "{registry: {external: {repository: r.example.org/a, credentials: {}}}} | spec.gitops.registry.external.credentials.name is missing",
        "{credentials: {}} | spec.gitops.credentials.name is missing",
        "{commitStatus: {api: github, tokenSecretKeyRef: {name: a, key: b}}} | spec.gitops.commitStatus.api: 'github' is not a URL"
      })
  void a_bad_value_of_the_followed_branch_is_named(String gitops, String expected) {
    var complete =
        gitops.contains("repository: git") || gitops.contains("repository: 'https")
            ? gitops
            : gitops.replaceFirst("[{]", "{repository: 'https://git.example.org/a', ");
    var edited =
        Given.aGoodStart()
            .edited(yaml -> yaml + "  gitops: " + complete + "\n")
            .snapshot()
            .environment();

    assertThat(SpecValidator.problems(edited))
        .anySatisfy(p -> assertThat(p).contains(expected).doesNotContain("word"));
  }

  @Test
  void an_image_may_be_left_to_the_branch_but_not_to_nobody() {
    var nobody = Given.aGoodStart().edited("image: sample-app:1", "port: 3000");
    assertThat(SpecValidator.problems(nobody.snapshot().environment()))
        .containsExactly(
            "spec: services.app.image is missing: give the application's image, or spec.gitops to"
                + " build it from a branch");

    var branch =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace("image: sample-app:1", "port: 3000")
                    + "  gitops: {repository: 'https://git.example.org/a'}\n");
    assertThat(SpecValidator.problems(branch.snapshot().environment())).isEmpty();
  }
}
