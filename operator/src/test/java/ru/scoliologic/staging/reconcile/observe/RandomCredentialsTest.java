package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import ru.scoliologic.staging.api.SecretsSpec.Alphabet;

class RandomCredentialsTest {
  private final RandomCredentials fresh = new RandomCredentials();

  @ParameterizedTest
  @CsvSource({"Digits, [0-9]{48}", "Hex, [0-9a-f]{48}", "Alphanumeric, [A-Za-z0-9]{48}"})
  void a_value_has_the_length_and_the_characters_that_are_asked(Alphabet alphabet, String form) {
    for (int i = 0; i < 100; i++) {
      assertThat(fresh.next(48, alphabet.characters())).matches(form);
    }
  }

  @ParameterizedTest
  @EnumSource
  void every_character_is_drawn_about_equally_often(Alphabet alphabet) {
    int each = 2_000;
    var characters = alphabet.characters();

    var counts =
        fresh
            .next(each * characters.length(), characters)
            .chars()
            .boxed()
            .collect(Collectors.groupingBy(c -> c, Collectors.counting()));

    assertThat(counts).hasSize(characters.length());
    // Seven standard deviations: by chance once in many billion runs.
    assertThat(counts.values()).allSatisfy(n -> assertThat(n).isBetween(each - 320L, each + 320L));
  }

  @Test
  void no_two_values_are_the_same() {
    var values =
        IntStream.range(0, 1_000)
            .mapToObj(i -> fresh.next(16, Alphabet.Digits.characters()))
            .collect(Collectors.toSet());

    assertThat(values).hasSize(1_000);
  }
}
