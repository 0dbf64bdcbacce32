package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.model.PlannedObject;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;
import ru.scoliologic.staging.stage.Reason;

/** The protection of the application's domain, as it is planned. */
class AccessTest {
  private static final String TOKEN = "g".repeat(32);
  private static final String PASSWORD =
      "basicAuth: {secretKeyRef: {name: team, key: USERS}}, openPaths: [/api/health, /hooks/]";

  private static Given protectedBy(String access) {
    return Given.aGoodStart()
        .edited("    acme:\n", "    access: {" + access + "}\n    acme:\n")
        .secret("team", Map.of("USERS", Given.DASHBOARD_USER));
  }

  private static Plan plan(Snapshot snapshot) {
    return Plan.of(snapshot, Configuration.resolve(snapshot));
  }

  private static <T extends HasMetadata> PlannedObject planned(
      Snapshot snapshot, Class<T> kind, String name) {
    return plan(snapshot).objects().stream()
        .filter(p -> kind.isInstance(p.object()))
        .filter(p -> p.object().getMetadata().getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static <T extends HasMetadata> T find(Snapshot snapshot, Class<T> kind, String name) {
    return kind.cast(planned(snapshot, kind, name).object());
  }

  private static String rules(Snapshot snapshot) {
    return find(snapshot, ConfigMap.class, "demo-traefik").getData().get("access.yaml");
  }

  private static String decoded(Secret secret, String key) {
    return new String(
        Base64.getDecoder().decode(secret.getData().get(key)), StandardCharsets.UTF_8);
  }

  @Test
  void without_access_nothing_of_it_is_there() {
    var snapshot = Given.aGoodStart().snapshot();

    assertThat(Serialization.asYaml(plan(snapshot).all()))
        .doesNotContain("access.yaml", "traefik-check", "router.middlewares", "TrafficPolicy");
  }

  @Test
  void the_ingress_names_the_protection_and_open_paths_go_round_it() {
    var snapshot = protectedBy(PASSWORD).snapshot();

    assertThat(find(snapshot, Ingress.class, "demo-app").getMetadata().getAnnotations())
        .containsEntry("traefik.ingress.kubernetes.io/router.middlewares", "app-access@file");
    assertThat(rules(snapshot))
        .contains(
            "rule: \"Host(`app.staging.test`) && (Path(`/api/health`) || PathPrefix(`/api/health/`)"
                + " || Path(`/hooks`) || PathPrefix(`/hooks/`)) && !PathRegexp(`[%;\\\\x5c]`)\"",
            "service: team-demo-app-http@kubernetes",
            "middlewares: [app-no-index, app-password, app-check-header]",
            "X-Robots-Tag: \"noindex, nofollow\"");
  }

  @Test
  void the_token_and_the_users_stand_in_secrets_only() {
    var snapshot = protectedBy(PASSWORD).snapshot();

    var check = decoded(find(snapshot, Secret.class, "demo-traefik-check"), "check.yaml");
    var users = decoded(find(snapshot, Secret.class, "demo-traefik-users"), "app");

    assertThat(check).contains("Header(`X-Staging-Check`, `" + TOKEN + "`)");
    assertThat(users).isEqualTo(Given.DASHBOARD_USER + "\n");
    assertThat(
            plan(snapshot).all().stream()
                .filter(object -> !(object instanceof Secret))
                .map(Serialization::asYaml))
        .noneMatch(yaml -> yaml.contains(TOKEN) || yaml.contains("$apr1$"));
    assertThat(Configuration.resolve(snapshot).masking().mask("header " + TOKEN))
        .isEqualTo("header ***");
  }

  @Test
  void an_allow_list_keeps_the_addresses_of_clients() {
    var snapshot = protectedBy("allowFrom: [203.0.113.0/24], noIndex: false").snapshot();

    assertThat(find(snapshot, Service.class, "demo-traefik").getSpec().getExternalTrafficPolicy())
        .isEqualTo("Local");
    assertThat(rules(snapshot))
        .contains("sourceRange: [\"203.0.113.0/24\"]", "middlewares: [app-addresses, app-check")
        .doesNotContain("X-Robots-Tag", "basicAuth", "routers");
  }

  @Test
  void while_the_users_are_unknown_nothing_of_it_is_changed() {
    var snapshot = protectedBy(PASSWORD).withoutSecret("team").snapshot();

    var result = Configuration.resolve(snapshot).result();

    assertThat(result.reason()).isEqualTo(Reason.SECRET_MISSING);
    assertThat(result.message()).contains("team");
    assertThat(planned(snapshot, Ingress.class, "demo-app").held()).isTrue();
    assertThat(planned(snapshot, ConfigMap.class, "demo-traefik").held()).isTrue();
    assertThat(planned(snapshot, Deployment.class, "demo-traefik").held()).isTrue();
  }

  @Test
  void users_that_were_known_stay_when_their_secret_is_lost_or_spoilt() {
    var known =
        Given.secretOf(
            "demo-traefik-users", Map.of("users", Given.DASHBOARD_USER, "app", "old:{SHA}x\n"));
    var snapshot =
        protectedBy(PASSWORD)
            .owning(known)
            .secret("team", Map.of("USERS", "team:plain"))
            .snapshot();

    var settings = Configuration.resolve(snapshot);

    assertThat(settings.result().message())
        .isEqualTo(
            "USERS in Secret team is not user:hash in line 1: write it with `htpasswd -nB <user>`"
                + " (bcrypt, apr1 or SHA)");
    assertThat(settings.appUsers()).isEqualTo("old:{SHA}x\n");
    assertThat(planned(snapshot, Ingress.class, "demo-app").held()).isFalse();
  }

  @Test
  void traefik_starts_anew_when_users_change() {
    var before = protectedBy(PASSWORD).snapshot();
    var after =
        protectedBy(PASSWORD)
            .secret("team", Map.of("USERS", Given.DASHBOARD_USER.replace("admin", "team")))
            .snapshot();

    assertThat(template(after)).isNotEqualTo(template(before));
    assertThat(template(before)).isEqualTo(template(protectedBy(PASSWORD).snapshot()));
  }

  private static Map<String, String> template(Snapshot snapshot) {
    return find(snapshot, Deployment.class, "demo-traefik")
        .getSpec()
        .getTemplate()
        .getMetadata()
        .getAnnotations();
  }
}
