package ru.scoliologic.staging.cluster.masking;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretMaskerTest {
  private static final String KEY =
      "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n  c2hvcnQtbGluZQ \n-----END-----\n";

  @Test
  void of_secrets_that_are_too_large_to_be_searched_for_no_text_is_shown() {
    var large = new SecretMasker(List.of("small-secret", "x".repeat(SecretMasker.MOST)));

    assertThat(large.mask("it died with small-secret"))
        .startsWith("(not shown")
        .contains("512 KiB", "name smaller ones")
        .doesNotContain("died");
    assertThat(large.mask("")).isEmpty();
    assertThat(large.mask(null)).isNull();
    assertThat(masked("it died", "x".repeat(SecretMasker.MOST))).isEqualTo("it died");
  }

  private static String masked(String text, String... secrets) {
    return new SecretMasker(List.of(secrets)).mask(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "as it is | dial p@ss/wörd 1 failed | dial *** failed",
        "in a URL | postgresql://app:p%40ss%2Fw%C3%B6rd%201@db/app | postgresql://app:***@db/app",
        "in a URL, lower case | redis://:p%40ss%2fw%c3%b6rd%201@r | redis://:***@r",
        "in a form | q=p%40ss%2Fw%C3%B6rd+1&x | q=***&x",
        "in a URL, in part | //p@ss%2Fwörd%201@r | //***@r",
        "in JSON | {\"p\":\"p@ss\\/w\\u00f6rd 1\"} | {\"p\":\"***\"}",
        "in base64 | data: cEBzcy93w7ZyZCAx | data: ***",
        "in a URL, in base64 | x=cEBzcy93w7ZyZCAx%3D | x=***%3D"
      })
  void a_value_is_hidden(String form, String text, String expected) {
    assertThat(masked(text, "p@ss/wörd 1")).as(form).isEqualTo(expected);
  }

  @Test
  void a_value_is_hidden_in_the_base64_of_user_and_password() throws Exception {
    for (var user : List.of("a", "ab", "abc", "abcd")) {
      var basic =
          Base64.getEncoder()
              .encodeToString((user + ":hunter2hunter2:more").getBytes(StandardCharsets.UTF_8));

      var seen = masked("Authorization: Basic " + basic, "hunter2hunter2");

      assertThat(seen).startsWith("Authorization: Basic ").contains("***");
      assertThat(decodedRest(seen)).doesNotContain("hunter2");
    }
  }

  private static String decodedRest(String seen) {
    var rest = seen.substring("Authorization: Basic ".length()).replace("***", "");
    var decodable = rest.replace("=", "");
    decodable = decodable.substring(0, decodable.length() - decodable.length() % 4);
    return new String(Base64.getDecoder().decode(decodable), StandardCharsets.UTF_8);
  }

  @Test
  void a_single_line_of_a_value_with_several_is_hidden() {
    assertThat(masked("cannot read MIIEvQIBADANBgkqhkiG9w0BAQ in line 2", KEY))
        .isEqualTo("cannot read *** in line 2");
    assertThat(masked("got c2hvcnQtbGluZQ.", KEY)).isEqualTo("got ***.");
    assertThat(masked(KEY.replace("\n", "\\n"), KEY)).isEqualTo("***");
  }

  @Test
  void a_value_within_another_or_overlapping_it_leaves_no_rest() {
    assertThat(masked("is correct-horse-battery.", "horse-battery", "correct-horse-battery"))
        .isEqualTo("is ***.");
    assertThat(masked("is first-second-third.", "first-second", "second-third"))
        .isEqualTo("is ***.");
    assertThat(masked("is aaaaaaaaaaaaa.", "aaaaaaaa")).isEqualTo("is ***.");
  }

  @Test
  void a_short_value_is_hidden_as_a_word_only_and_a_very_short_one_not_at_all() {
    assertThat(masked("redis://:test@latest/testing test", "test"))
        .isEqualTo("redis://:***@latest/testing ***");
    assertThat(masked("data dGVzdA== here", "test")).isEqualTo("data *** here");
    assertThat(masked("abc is abc", "abc")).isEqualTo("abc is abc");
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false", "null", "none", "", "  ", "\n\n"})
  void what_is_no_secret_hides_nothing(String value) {
    assertThat(masked("suspend is true, not false:  null\n\nnone", value))
        .isEqualTo("suspend is true, not false:  null\n\nnone");
  }

  @Test
  void broken_escapes_are_read_as_they_are() {
    assertThat(masked("100% of %zz \\u12 \\ %4 secret-value %", "secret-value"))
        .isEqualTo("100% of %zz \\u12 \\ %4 *** %");
    assertThat(masked("%C3secret-value%FF\\", "secret-value")).isEqualTo("%C3***%FF\\");
  }

  @Test
  void nothing_stays_nothing() {
    assertThat(masked(null, "secret-value")).isNull();
    assertThat(masked("", "secret-value")).isEmpty();
    assertThat(new SecretMasker(List.of()).mask("text")).isEqualTo("text");
  }

  @Test
  void any_value_is_hidden_in_every_form_it_is_written_in() throws JsonProcessingException {
    var random = new Random(4);
    for (int i = 0; i < 300; i++) {
      var value =
          random
              .ints(8 + random.nextInt(40), 0, 3)
              .map(kind -> kind == 0 ? 0x20 + random.nextInt(95) : kind == 1 ? 'a' : 0x1F600)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .append('#')
              .toString();
      var bytes = value.getBytes(StandardCharsets.UTF_8);
      var quoted = new ObjectMapper().writeValueAsString(value);
      var masking = new SecretMasker(List.of(value));
      Stream.of(
              value,
              URLEncoder.encode(value, StandardCharsets.UTF_8),
              URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20"),
              quoted.substring(1, quoted.length() - 1),
              Base64.getEncoder().encodeToString(bytes),
              Base64.getUrlEncoder().withoutPadding().encodeToString(bytes))
          .forEach(form -> assertThat(masking.mask("<" + form + ">")).as(value).isEqualTo("<***>"));
    }
  }
}
