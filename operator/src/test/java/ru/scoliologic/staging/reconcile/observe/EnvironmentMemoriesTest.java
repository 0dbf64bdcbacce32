package ru.scoliologic.staging.reconcile.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EnvironmentMemoriesTest {
  private final EnvironmentMemories memories = new EnvironmentMemories();
  private final List<String> ended = new ArrayList<>();
  private final EnvironmentMemories.Slot<List<String>> slot = memories.slot();
  private final EnvironmentMemories.Slot<String> other = memories.slot(ended::add);

  @Test
  void a_part_is_made_once_for_each_environment_and_slot() {
    slot.get("uid-1", ArrayList::new).add("remembered");
    other.put("uid-1", "another part");

    assertThat(slot.get("uid-1", ArrayList::new)).containsExactly("remembered");
    assertThat(slot.find("uid-2")).isEmpty();
    assertThat(other.find("uid-1")).contains("another part");
    assertThat(memories.uids()).containsExactly("uid-1");
  }

  @Test
  void to_look_for_a_part_makes_no_memory() {
    assertThat(slot.find("uid-1")).isEmpty();
    slot.remove("uid-1");
    memories.drop("uid-1");

    assertThat(memories.uids()).isEmpty();
  }

  @Test
  void all_parts_of_one_environment_are_dropped_at_once_and_ended() {
    slot.get("uid-1", ArrayList::new);
    other.put("uid-1", "of the one that is gone");
    other.put("uid-2", "of another");

    memories.drop("uid-1");
    memories.drop("uid-1");

    assertThat(slot.find("uid-1")).isEmpty();
    assertThat(other.find("uid-1")).isEmpty();
    assertThat(ended).containsExactly("of the one that is gone");
    assertThat(memories.uids()).containsExactly("uid-2");
  }

  @Test
  void a_part_that_is_replaced_or_removed_is_ended() {
    other.put("uid-1", "first");
    other.put("uid-1", "second");
    assertThat(ended).containsExactly("first");

    other.remove("uid-1");
    other.remove("uid-1");

    assertThat(ended).containsExactly("first", "second");
    assertThat(other.find("uid-1")).isEmpty();
  }

  @Test
  void a_memory_is_not_dropped_under_a_pass() {
    memories.hold("uid-1");
    other.put("uid-1", "in use");

    memories.drop("uid-1");
    assertThat(other.find("uid-1")).contains("in use");
    assertThat(ended).isEmpty();

    memories.release("uid-1");
    memories.drop("uid-1");
    assertThat(memories.uids()).isEmpty();
    assertThat(ended).containsExactly("in use");
  }

  @Test
  void a_late_result_changes_only_the_part_it_was_started_for() {
    var part = slot.get("uid-1", ArrayList::new);
    memories.drop("uid-1");

    part.add("late");

    assertThat(slot.find("uid-1")).isEmpty();
    assertThat(memories.uids()).isEmpty();
  }

  /** What a pass starts must be ended exactly once, whenever its environment goes. */
  @Test
  void every_part_is_ended_once_though_it_is_made_while_its_environment_is_dropped()
      throws Exception {
    var made = new AtomicInteger();
    var endings = new AtomicInteger();
    EnvironmentMemories.Slot<Integer> started = memories.slot(part -> endings.incrementAndGet());
    var passes =
        CompletableFuture.runAsync(() ->
            IntStream.range(0, 20_000).forEach(i -> started.get("uid-1", made::incrementAndGet)));
    while (!passes.isDone()) {
      memories.drop("uid-1");
    }
    passes.get(20, TimeUnit.SECONDS);
    memories.drop("uid-1");

    assertThat(endings).hasValue(made.get());
    assertThat(memories.uids()).isEmpty();
  }
}
