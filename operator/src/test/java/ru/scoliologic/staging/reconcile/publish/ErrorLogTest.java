package ru.scoliologic.staging.reconcile.publish;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.reconcile.observe.EnvironmentMemories;

class ErrorLogTest {
  private final ListAppender<ILoggingEvent> written = new ListAppender<>();
  private final StagingEnvironment environment = Given.aGoodStart().snapshot().environment();
  private final ErrorLog log = new ErrorLog(new EnvironmentMemories());

  @BeforeEach
  void the_log_is_read() {
    environment.getMetadata().setUid("uid-1");
    written.start();
    logger().addAppender(written);
  }

  @AfterEach
  void no_more() {
    logger().detachAppender(written);
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(ErrorLog.class);
  }

  private void fails(String value) {
    log.tell(
        environment,
        new IllegalStateException("cannot use " + value),
        new SecretMasker(List.of("hunter2-hunter2")));
  }

  private List<String> lines() {
    return written.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void the_whole_stack_is_told_once_and_then_a_line_each_time() {
    for (int i = 0; i < 3; i++) {
      fails("hunter2-hunter2");
    }

    assertThat(lines()).hasSize(3);
    assertThat(lines().getFirst())
        .contains("IllegalStateException: cannot use ***")
        .contains("at ru.scoliologic.staging.reconcile.publish.ErrorLogTest.fails")
        .contains("at ru.scoliologic.staging.reconcile.publish.ErrorLogTest.the_whole_stack");
    assertThat(lines().getLast())
        .startsWith("unexpected error once more, 3 times now: java.lang.IllegalStateException at ")
        .doesNotContain("\n");
  }

  @Test
  void after_a_good_pass_the_same_error_is_told_with_its_stack_again() {
    fails("this");
    log.forget(environment);
    fails("that");

    assertThat(lines()).allSatisfy(line -> assertThat(line).contains("\tat "));
  }
}
