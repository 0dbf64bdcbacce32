package ru.scoliologic.staging.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * When something happens to an operator.
 *
 * @param write number of the write, from 1
 * @param afterwards whether that write still reaches the server
 */
record Moment(int write, boolean afterwards) {

  /**
   * One case for each moment, before and after each write: with {@code make faults} of all writes,
   * else of some.
   *
   * @param writes how many there are
   * @param stride one write of so many is taken when not all are
   * @param scenario tells whether it happened; most must have, or the test shows nothing
   */
  static Stream<DynamicTest> each(int writes, int stride, Predicate<Moment> scenario) {
    int step = "all".equals(System.getProperty("faults")) ? 1 : stride;
    var happened = new ArrayList<Boolean>();
    var cases =
        IntStream.rangeClosed(1, writes)
            .filter(number -> number % step == 1 % step)
            .boxed()
            .flatMap(number -> Stream.of(new Moment(number, false), new Moment(number, true)))
            .map(moment ->
                DynamicTest.dynamicTest(
                    moment.toString(), () -> happened.add(scenario.test(moment))));
    return Stream.concat(
        cases,
        Stream.of(
            DynamicTest.dynamicTest(
                "most of it happened",
                () ->
                    assertThat(happened.stream().filter(did -> did).count())
                        .as("of %d", happened.size())
                        .isGreaterThan(happened.size() / 2))));
  }

  @Override
  public String toString() {
    return (afterwards ? "after write " : "before write ") + write;
  }
}
