package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class CompositionTest {
  private static final Map<String, String> VALUES =
      Map.of("USER", "app", "PASSWORD", "p@ss/w$(USER) é", "EMPTY", "");

  @Test
  void a_reference_is_replaced_by_its_value() {
    assertThat(Composition.compose("a-$(USER)-b", VALUES)).isEqualTo("a-app-b");
  }

  @Test
  void a_value_is_percent_encoded_where_a_url_asks_for_it() {
    assertThat(Composition.compose("x://$(PASSWORD:url)@h", VALUES))
        .isEqualTo("x://p%40ss%2Fw%24%28USER%29%20%C3%A9@h");
  }

  @Test
  void a_value_that_looks_like_a_reference_is_not_expanded() {
    assertThat(Composition.compose("$(PASSWORD)", VALUES)).isEqualTo("p@ss/w$(USER) é");
  }

  @Test
  void a_doubled_dollar_sign_is_one_dollar_sign() {
    assertThat(Composition.compose("$$(USER) costs 5$", VALUES)).isEqualTo("$(USER) costs 5$");
  }

  @Test
  void an_unknown_name_stays_and_is_listed() {
    assertThat(Composition.compose("$(NOBODY)", VALUES)).isEqualTo("$(NOBODY)");
    assertThat(Composition.names("$(NOBODY) $(USER:url) $$(NOT)"))
        .containsExactly("NOBODY", "USER");
  }
}
