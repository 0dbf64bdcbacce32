package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HealthWordsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"status\":\"healthy\"}",
        "{\"status\":\"ok\"}",
        "{\"status\":\"UP\"}",
        "{\"status\":\"UP\",\"components\":{\"db\":{\"status\":\"UP\"}}}",
        "{\"status\":\"pass\"}",
        "{\"status\":\"Healthy\",\"totalDuration\":\"00:00:00.01\"}",
        "{\"status\":\"success\",\"message\":\"API is running\"}",
        "{\"status\":200}",
        "{\"status\":true}",
        "{\"ok\":true,\"error\":null}",
        "{\"healthy\":true}",
        "{\"state\":\"alive and kicking\"}",
        "{\"uptime\":12.5}",
        "{\"database\":\"down for the test, not part of the summary\"}",
        "{\"status\":\"no errors\"}",
        "{\"status\":\"ok, 0 failures\"}",
        "[]",
        "\"OK\"",
        "OK",
        "OK\n",
        "200",
        "ready",
        "alive",
        "pong",
        "true",
        "I'm up!",
        "",
        "<!doctype html><title>Errors and failures of the week</title>",
        "not json {"
      })
  void what_says_that_it_is_well_or_nothing_of_it_is_no_remark(String body) {
    assertThat(HealthWords.trouble(body)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"status\":\"degraded\"}|degraded",
        "{\"status\":\"unhealthy\"}|unhealthy",
        "{\"status\":\"DOWN\"}|DOWN",
        "{\"status\":\"OUT_OF_SERVICE\"}|OUT_OF_SERVICE",
        "{\"status\":\"fail\"}|fail",
        "{\"status\":\"warn\"}|warn",
        "{\"status\":\"error\",\"error\":{}}|error",
        "{\"status\":\"Not Ready\"}|Not Ready",
        "{\"status\":\"NotReady\"}|NotReady",
        "{\"status\":\"not_ok\"}|not_ok",
        "{\"status\":503}|503",
        "{\"status\":false}|false",
        "{\"ok\":false}|false",
        "{\"healthy\":false}|false",
        "{\"status\":\"redis: unavailable\"}|redis: unavailable",
        "DOWN|DOWN",
        "database connection failed|database connection failed",
        "\"unhealthy\"|unhealthy",
        "service is not available|service is not available",
        "false|false"
      })
  void a_word_of_trouble_is_one(String body, String said) {
    assertThat(HealthWords.trouble(body)).contains(said);
  }
}
