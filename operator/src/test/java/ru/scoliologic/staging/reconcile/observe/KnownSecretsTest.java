package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.configuration.Configuration;
import ru.scoliologic.staging.configuration.Settings;

class KnownSecretsTest {
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final KnownSecrets known = new KnownSecrets(memories);

  private static Settings giving(String value) {
    return Configuration.resolve(
        Given.aGoodStart()
            .secret("given", Map.of("TRAEFIK_AUTH", Given.DASHBOARD_USER, "ESIA_CLIENT_ID", value))
            .snapshot());
  }

  @Test
  void a_value_that_was_changed_is_still_hidden_in_a_log_from_before() {
    known.remember("uid", giving("the-old-value"));

    var settings = known.remember("uid", giving("the-new-value"));

    assertThat(settings.masking().mask("the-old-value, then the-new-value"))
        .isEqualTo("***, then ***");
    assertThat(known.masking("uid").mask("the-old-value")).isEqualTo("***");
  }

  @Test
  void another_environment_does_not_hide_it() {
    known.remember("uid", giving("the-old-value"));

    assertThat(known.remember("other", giving("another-value")).masking().mask("the-old-value"))
        .isEqualTo("the-old-value");
    assertThat(known.masking("unheard of").mask("the-old-value")).isEqualTo("the-old-value");
  }

  @Test
  void what_is_gone_is_forgotten() {
    known.remember("uid", giving("the-old-value"));

    memories.drop("uid");

    assertThat(known.masking("uid").mask("the-old-value")).isEqualTo("the-old-value");
  }

  @Test
  void old_values_that_are_large_do_not_pile_up() {
    for (int i = 0; i < 40; i++) {
      known.remember("uid", giving("value-number-%d-%s".formatted(i, "x".repeat(60_000))));
    }

    var masking = known.masking("uid");

    assertThat(masking.mask("told")).as("what is masked while few are kept").isEqualTo("told");
  }

  @Test
  void of_very_many_values_the_oldest_is_forgotten_and_what_is_in_force_never() {
    var settings = giving("in-force");
    known.remember("uid", settings.hiding(List.of("the-old-value")));
    for (int i = 0; i < 600; i++) {
      known.remember("uid", settings.hiding(List.of("value-number-" + i)));
    }

    var masking = known.masking("uid");
    assertThat(masking.mask("the-old-value")).isEqualTo("the-old-value");
    assertThat(masking.mask("value-number-599 value-number-300")).isEqualTo("*** ***");
    assertThat(masking.mask("in-force " + "g".repeat(48))).isEqualTo("*** ***");
  }
}
