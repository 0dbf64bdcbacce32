package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.AccessSpec;
import ru.scoliologic.staging.api.KeyRef;
import ru.scoliologic.staging.api.ValidationSpec.Priority;

class AccessCheckTest {
  private static final AccessSpec PASSWORD =
      new AccessSpec(null, new AccessSpec.BasicAuth(new KeyRef("team", "USERS")), null, null);
  private static final AccessSpec LIST = new AccessSpec(List.of("10.0.0.0/8"), null, null, null);

  private static CheckTarget target(AccessSpec access) {
    return GivenTarget.ingress(Given.healthCheck(3000, "{}"), "", access, null);
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403})
  void a_request_that_is_turned_away_is_well(int status) {
    assertThat(AccessCheck.judge(target(PASSWORD), status)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 302, 404, 502})
  void one_that_gets_through_a_password_fails_all(int status) {
    assertThat(AccessCheck.judge(target(PASSWORD), status))
        .contains(
            "https://app.staging.test/ without a password: found status %d, needed 401 or 403"
                .formatted(status));
    assertThat(AccessCheck.priority(target(PASSWORD))).isEqualTo(Priority.Critical);
  }

  @Test
  void one_that_gets_through_a_list_is_a_remark_for_the_operator_may_be_on_it() {
    assertThat(AccessCheck.judge(target(LIST), 200).orElseThrow())
        .endsWith("replaces the clients' addresses");
    assertThat(AccessCheck.priority(target(LIST))).isEqualTo(Priority.Important);
  }

  @Test
  void the_token_goes_along_only_where_there_is_a_protection_and_is_never_shown() {
    assertThat(target(PASSWORD).access().headers())
        .isEqualTo(Map.of("X-Staging-Check", "the-token"));
    assertThat(target(null).access().headers()).isEmpty();
    assertThat(target(PASSWORD).toString()).doesNotContain("the-token");
  }
}
