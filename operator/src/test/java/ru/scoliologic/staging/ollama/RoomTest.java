package ru.scoliologic.staging.ollama;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import ru.scoliologic.staging.ollama.OllamaApi.Layer;
import ru.scoliologic.staging.ollama.OllamaApi.Stored;

class RoomTest {
  private static final ModelName ONE = ModelName.of("one");
  private static final ModelName TWO = ModelName.of("two");
  private static final Layer BASE = new Layer(0, 100, false);
  private static final Layer BASE_FOUND = new Layer(100, 100, true);
  private static final Layer OWN = new Layer(0, 10, false);

  private final Room room = new Room();

  @Test
  void a_layer_that_two_models_share_counts_once() {
    room.needed(Map.of(), Map.of("base", BASE));
    room.pulled(ONE, Map.of("base", BASE));

    var needed =
        room.needed(Map.of(ONE, new Stored("m1", 100)), Map.of("base", BASE_FOUND, "own", OWN));

    assertThat(needed).isEqualTo(110);
  }

  @Test
  void a_layer_found_beside_models_from_before_counts_with_them_and_not_again() {
    var before = Map.of(ONE, new Stored("m1", 100));

    assertThat(room.needed(before, Map.of("base", BASE_FOUND, "own", OWN))).isEqualTo(110);
  }

  @Test
  void a_layer_that_an_earlier_attempt_brought_counts() {
    var before = Map.of(ONE, new Stored("m1", 50));
    room.needed(before, Map.of("base", BASE));

    assertThat(room.needed(before, Map.of("base", BASE_FOUND, "own", OWN))).isEqualTo(160);
    assertThat(new Room().needed(Map.of(), Map.of("base", BASE_FOUND))).isEqualTo(100);
  }

  @Test
  void two_names_of_one_model_count_once() {
    var present = Map.of(ONE, new Stored("m1", 100), TWO, new Stored("m1", 100));

    assertThat(room.needed(present, Map.of("own", OWN))).isEqualTo(110);
  }

  @Test
  void what_two_models_from_before_have_each_counts_for_both() {
    var present = Map.of(ONE, new Stored("m1", 100), TWO, new Stored("m2", 20));

    assertThat(room.needed(present, Map.of())).isEqualTo(120);
  }

  @Test
  void a_model_that_was_deleted_no_longer_counts() {
    room.pulled(ONE, Map.of("base", BASE));

    assertThat(room.needed(Map.of(), Map.of("own", OWN))).isEqualTo(10);
  }
}
