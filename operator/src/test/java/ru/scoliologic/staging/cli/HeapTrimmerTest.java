package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HeapTrimmerTest {
  private final AtomicLong collections = new AtomicLong();
  private final AtomicInteger trims = new AtomicInteger();
  private final HeapTrimmer trimmer =
      new HeapTrimmer(
          collections::get,
          () -> {
            trims.incrementAndGet();
            collections.incrementAndGet();
          });

  @Test
  void a_heap_is_trimmed_once_when_it_becomes_quiet_after_use() {
    collections.addAndGet(5);
    trimmer.check();
    assertThat(trims).as("while it is used").hasValue(0);
    trimmer.check();
    assertThat(trims).as("once it is quiet").hasValue(1);
    trimmer.check();
    trimmer.check();
    assertThat(trims).as("without use since").hasValue(1);
    collections.addAndGet(HeapTrimmer.USE);
    trimmer.check();
    trimmer.check();
    assertThat(trims).as("after the next use").hasValue(2);
  }

  @Test
  void a_heap_that_was_never_collected_is_left_alone() {
    for (int i = 0; i < 2 * HeapTrimmer.LONGEST_PERIODS; i++) {
      trimmer.check();
    }
    assertThat(trims).hasValue(0);
  }

  @Test
  void a_collection_now_and_then_is_no_use() {
    for (int i = 1; i < HeapTrimmer.USE; i++) {
      collections.incrementAndGet();
      trimmer.check();
      trimmer.check();
    }
    assertThat(trims).hasValue(0);
  }

  @Test
  void use_after_a_long_rest_is_not_interrupted() {
    collections.addAndGet(5);
    for (int i = 0; i < 3 * HeapTrimmer.LONGEST_PERIODS; i++) {
      trimmer.check();
    }
    assertThat(trims).as("before the use").hasValue(1);
    collections.addAndGet(5);
    trimmer.check();
    assertThat(trims).as("at the begin of the use").hasValue(1);
  }

  @Test
  void a_heap_that_never_becomes_quiet_is_trimmed_now_and_then() {
    for (int i = 0; i < 2 * HeapTrimmer.LONGEST_PERIODS; i++) {
      collections.addAndGet(5);
      trimmer.check();
    }
    assertThat(trims).hasValue(2);
  }
}
