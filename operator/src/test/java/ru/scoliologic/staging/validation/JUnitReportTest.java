package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.validation.JUnitReport.Case;

class JUnitReportTest {
  private static JUnitReport read(String log) {
    return JUnitReport.of(log, text -> text.replace("hunter2", "***"));
  }

  @Test
  void cases_are_found_amid_a_log_failed_ones_first_and_skipped_ones_left_out() {
    var report =
        read(
            """
            Running 4 tests & a bit more < than that
            <?xml version="1.0"?>
            <testsuites name="all" tests="4">
              <testsuite name="pages">
                <testcase classname="pages" name="front"/>
                <testcase classname="pages" name="settings"><failure message="no heading">at line 3
                  of settings.spec</failure></testcase>
                <testcase classname="pages" name="later"><skipped/></testcase>
                <testcase classname="pages" name="crash"><system-out>x</system-out><error>
                  TypeError: hunter2
                  at app.js</error></testcase>
              </testsuite>
            </testsuites>
            done
            """);

    assertThat(report.problem()).isEmpty();
    assertThat(report.cases())
        .containsExactly(
            new Case("pages settings", Optional.of("no heading")),
            new Case("pages crash", Optional.of("TypeError: ***; at app.js")),
            new Case("pages front", Optional.empty()));
  }

  @Test
  void the_last_document_counts_and_a_lone_suite_is_one() {
    var two =
        "<testsuites><testcase name='old'/></testsuites>\n"
            + "<testsuites><testcase name='new'/></testsuites>";

    assertThat(read(two).cases()).extracting(Case::name).containsExactly("new");
    assertThat(
            read("<testsuite name='a'><testsuite name='b'><testcase name='x'/></testsuite></testsuite>")
                .cases())
        .extracting(Case::name)
        .containsExactly("x");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "all is well | no JUnit XML document in its log",
        "<testsuites></testsuites> | the JUnit XML in its log has no test case that ran",
        "<testsuites><testcase></testsuites> | the JUnit XML in its log cannot be read: line 1",
      })
  void what_is_no_report_is_told(String log, String problem) {
    assertThat(read(log).problem()).contains(problem);
  }

  @Test
  void no_entity_is_looked_up_and_none_is_unfolded() {
    var report =
        read(
            """
            <!DOCTYPE testsuites [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
            <testsuites><testcase name="a"><failure>&secret;</failure></testcase></testsuites>
            """);

    assertThat(report.toString()).doesNotContain("root:");
  }

  @Test
  void the_number_of_cases_and_the_length_of_what_they_say_are_bounded() {
    var many =
        IntStream.range(0, 200)
            .mapToObj(i ->
                "<testcase name='%s'><failure message='%s'/></testcase>"
                    .formatted("n".repeat(500) + i, "m".repeat(5000)))
            .collect(Collectors.joining("", "<testsuites>", "</testsuites>"));

    var report = read(many);

    assertThat(report.cases()).hasSize(JUnitReport.MAX_CASES);
    assertThat(report.cases().getLast())
        .isEqualTo(new Case("151 more test cases", Optional.of("151 of them failed")));
    assertThat(report.cases())
        .allMatch(row -> row.name().length() < 200 && row.failure().orElseThrow().length() < 500);
  }
}
