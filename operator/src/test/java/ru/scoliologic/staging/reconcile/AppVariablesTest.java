package ru.scoliologic.staging.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.cluster.kube.Applier;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.reconcile.plan.Plan;

class AppVariablesTest {
  private static final String VERSION = "Deployment/demo-app-";

  /** Hashes of all objects of the plan, by kind and name. */
  private static Map<String, String> planned(Given given) {
    var snapshot = given.snapshot();
    var hashes = new TreeMap<String, String>();
    Plan.of(snapshot, Configuration.resolve(snapshot))
        .all()
        .forEach(object -> hashes.put(Applier.key(object), Hash.of(object)));
    return hashes;
  }

  private static Given taking(String source) {
    return Given.aGoodStart()
        .secret("more", Map.of("EXTRA", "one"))
        .configMap("flags", Map.of("FLAG", "off"))
        .edited(
            "  services:\n    app:", "  services:\n    app:\n      envFrom: [{" + source + "}]");
  }

  private static void assertOnlyTheApplicationDiffers(
      Map<String, String> before, Map<String, String> after) {
    assertThat(after).hasSameSizeAs(before);
    assertThat(after.entrySet().stream().filter(e -> !before.entrySet().contains(e)))
        .extracting(Map.Entry::getKey)
        .hasSize(2)
        .anyMatch("Secret/demo-app-env"::equals)
        .anyMatch(key -> key.startsWith(VERSION));
  }

  @Test
  void another_value_in_a_config_map_of_variables_rolls_the_application_and_nothing_else() {
    var source = "configMapRef: {name: flags}";

    assertOnlyTheApplicationDiffers(
        planned(taking(source)), planned(taking(source).configMap("flags", Map.of("FLAG", "on"))));
  }

  @Test
  void another_value_in_a_secret_of_variables_rolls_the_application_and_nothing_else() {
    var source = "secretRef: {name: more}";

    assertOnlyTheApplicationDiffers(
        planned(taking(source)), planned(taking(source).secret("more", Map.of("EXTRA", "two"))));
  }

  @Test
  void a_key_that_no_variable_can_have_and_one_that_spec_secrets_overrides_roll_nothing() {
    var source = "configMapRef: {name: flags}";
    var same = Map.of("FLAG", "off", "not.a.name", "x", "ESIA_CLIENT_ID", "lower");

    assertThat(planned(taking(source).configMap("flags", same))).isEqualTo(planned(taking(source)));
  }
}
