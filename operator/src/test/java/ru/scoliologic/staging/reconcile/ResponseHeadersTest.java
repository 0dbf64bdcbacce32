package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.ValidationSpec;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.check.CheckTargets;
import ru.scoliologic.staging.reconcile.plan.Plan;

/** Headers that the ingress adds to the application's answers, and links that Argo CD shows. */
class ResponseHeadersTest {
  private static final String MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares";

  private static Given with(String ingress) {
    return Given.aGoodStart()
        .edited("    acme:\n", "    " + ingress + "\n    acme:\n")
        .secret("team", Map.of("USERS", Given.DASHBOARD_USER));
  }

  private static <T extends HasMetadata> T find(Given given, Class<T> kind, String name) {
    var snapshot = given.snapshot();
    return Plan.of(snapshot, Configuration.resolve(snapshot)).all().stream()
        .filter(kind::isInstance)
        .filter(object -> object.getMetadata().getName().equals(name))
        .map(kind::cast)
        .findFirst()
        .orElseThrow();
  }

  private static Map<String, String> files(Given given) {
    return find(given, ConfigMap.class, "demo-traefik").getData();
  }

  private static String middlewares(Given given) {
    return find(given, Ingress.class, "demo-app").getMetadata().getAnnotations().get(MIDDLEWARES);
  }

  /** The headers that Traefik finds in its file. */
  private static Map<?, ?> headers(Given given) {
    var yaml = Serialization.unmarshal(files(given).get("headers.yaml"), Map.class);
    var middlewares = (Map<?, ?>) ((Map<?, ?>) yaml.get("http")).get("middlewares");
    var ours = (Map<?, ?>) ((Map<?, ?>) middlewares.get("app-headers")).get("headers");
    return (Map<?, ?>) ours.get("customResponseHeaders");
  }

  @Test
  void without_headers_nothing_is_added() {
    assertThat(files(Given.aGoodStart())).doesNotContainKey("headers.yaml");
    assertThat(files(with("headers: {}"))).doesNotContainKey("headers.yaml");
    assertThat(middlewares(Given.aGoodStart())).isNull();
  }

  @Test
  void one_word_gives_sane_headers() {
    var strict = with("headers: {preset: Strict}");

    assertThat(middlewares(strict)).isEqualTo("app-headers@file");
    assertThat(headers(strict))
        .isEqualTo(
            Map.of(
                "Strict-Transport-Security", "max-age=31536000",
                "X-Frame-Options", "DENY",
                "X-Content-Type-Options", "nosniff",
                "Referrer-Policy", "strict-origin-when-cross-origin"));
  }

  @Test
  void a_header_of_its_own_comes_in_the_place_of_the_presets_and_an_empty_one_is_taken_away() {
    var own =
        with(
            "headers: {preset: Strict, set: [{name: x-frame-options, value: SAMEORIGIN}, {name:"
                + " X-Powered-By}]}");

    assertThat(headers(own).get("x-frame-options")).isEqualTo("SAMEORIGIN");
    assertThat(headers(own).get("X-Powered-By")).isEqualTo("");
    assertThat(headers(own).containsKey("X-Frame-Options")).isFalse();
  }

  @Test
  void a_value_is_one_value_whatever_stands_in_it_and_never_a_template_of_traefiks() {
    var odd = with("headers: {set: [{name: X-A, value: '{{ env \"HOME\" }} \\ \"b\": c'}]}");

    assertThat(headers(odd).get("X-A")).isEqualTo("{{ env \"HOME\" }} \\ \"b\": c");
    assertThat(files(odd).get("headers.yaml")).doesNotContain("{");
  }

  @Test
  void behind_a_password_refusals_and_open_paths_carry_them_too() {
    var closed =
        with(
            "headers: {preset: Strict}\n    access: {basicAuth: {secretKeyRef: {name: team, key:"
                + " USERS}}, openPaths: [/api/health]}");

    assertThat(middlewares(closed)).isEqualTo("app-access@file");
    assertThat(files(closed).get("access.yaml"))
        .contains("middlewares: [app-headers, app-no-index, app-password, app-check-header]")
        .contains("middlewares: [app-headers, app-no-index, app-check-header]");
  }

  @Test
  void beside_the_serving_version_a_pod_is_not_expected_to_send_what_the_ingress_adds() {
    var snapshot =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace("    acme:\n", "    headers: {preset: Strict}\n    acme:\n")
                    + """
                      validation:
                        checks:
                        - name: front page
                          path: /
                          expect: {headers: [{name: x-frame-options}, {name: Cache-Control}], contains: Welcome}
                    """)
            .snapshot();
    var settings = Configuration.resolve(snapshot);

    var beside =
        CheckTargets.candidate(snapshot, settings, "10.0.0.8")
            .declared()
            .spec()
            .checks()
            .getFirst();
    var serving =
        CheckTargets.ingress(snapshot, settings, "10.0.0.7").declared().spec().checks().getFirst();

    assertThat(beside.expect().headers())
        .extracting(ValidationSpec.ExpectedHeader::name)
        .containsExactly("Cache-Control");
    assertThat(beside.expect().contains()).isEqualTo("Welcome");
    assertThat(serving.expect().headers())
        .extracting(ValidationSpec.ExpectedHeader::name)
        .containsExactly("x-frame-options", "Cache-Control");
  }

  @Test
  void argo_cd_links_to_pages_by_https_and_not_to_what_only_orders_a_certificate() {
    assertThat(find(Given.aGoodStart(), Ingress.class, "demo-app").getMetadata().getAnnotations())
        .containsEntry("argocd.argoproj.io/ignore-default-links", "true")
        .containsEntry("link.argocd.argoproj.io/external-link", "https://app.staging.test");
    assertThat(
            find(Given.aGoodStart(), Ingress.class, "demo-traefik").getMetadata().getAnnotations())
        .containsEntry("argocd.argoproj.io/ignore-default-links", "true")
        .containsEntry(
            "link.argocd.argoproj.io/external-link", "https://traefik.staging.test/dashboard/");
  }
}
