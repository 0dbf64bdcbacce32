package ru.scoliologic.staging.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;

/** Against a small DNS server on a port of this machine. */
class DnsLookupTest {
  private final DnsLookup lookup = new DnsLookup();
  private DatagramSocket socket;
  private Thread server;

  @BeforeEach
  void a_server() throws IOException {
    socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    server = Thread.ofVirtual().start(this::serve);
  }

  @AfterEach
  void it_ends() throws InterruptedException {
    socket.close();
    server.join();
  }

  private String address() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  private void serve() {
    try {
      while (true) {
        var packet = new DatagramPacket(new byte[4096], 4096);
        socket.receive(packet);
        var query = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
        var wire = answer(query).toWire();
        socket.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
      }
    } catch (IOException e) {
      // The socket was closed: the test is over.
      assertThat(socket.isClosed()).isTrue();
    }
  }

  private static Message answer(Message query) throws IOException {
    var question = query.getQuestion();
    var name = question.getName();
    var answer = new Message(query.getHeader().getID());
    answer.getHeader().setFlag(Flags.QR);
    answer.addRecord(question, Section.QUESTION);
    boolean ipv4 = question.getType() == Type.A;
    switch (name.toString()) {
      case "both.test." ->
          answer.addRecord(
              ipv4
                  ? new ARecord(name, DClass.IN, 60, InetAddress.getByName("192.0.2.1"))
                  : new AAAARecord(name, DClass.IN, 60, InetAddress.getByName("2001:db8::1")),
              Section.ANSWER);
      case "alias.test." -> {
        var target = Name.fromString("target.test.");
        answer.addRecord(new CNAMERecord(name, DClass.IN, 60, target), Section.ANSWER);
        if (ipv4) {
          answer.addRecord(
              new ARecord(target, DClass.IN, 60, InetAddress.getByName("192.0.2.2")),
              Section.ANSWER);
        }
      }
      case "broken.test." -> answer.getHeader().setRcode(Rcode.SERVFAIL);
      default -> answer.getHeader().setRcode(Rcode.NXDOMAIN);
    }
    return answer;
  }

  @Test
  void addresses_of_both_kinds_are_found() {
    assertThat(lookup.ask(address(), "both.test").addresses())
        .containsExactly(DnsLookup.canonical("192.0.2.1"), DnsLookup.canonical("2001:db8::1"));
  }

  @Test
  void an_alias_is_followed() {
    var answer = lookup.ask(address(), "alias.test");

    assertThat(answer.addresses()).containsExactly("192.0.2.2");
    assertThat(answer.aliases()).containsExactly("target.test");
  }

  @Test
  void a_name_that_does_not_exist_has_no_address_and_is_no_problem() {
    assertThat(lookup.ask(address(), "nowhere.test"))
        .isEqualTo(new DnsAnswer(java.util.List.of(), null));
  }

  @Test
  void a_server_that_fails_is_a_problem_and_not_an_absent_record() {
    var answer = lookup.ask(address(), "broken.test");

    assertThat(answer.addresses()).isEmpty();
    assertThat(answer.problem()).isNotBlank();
  }

  @Test
  void a_server_that_is_not_there_is_a_problem_within_seconds() {
    var nobody = address();
    socket.close();

    assertThat(lookup.ask(nobody, "both.test").problem()).startsWith("server " + nobody + ": ");
  }
}
