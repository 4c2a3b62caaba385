/* A relay module by libmodbus, for tests of the driver; see peer.py. */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

#define COILS 100
#define WATCHDOG 2.0 /* seconds of silence after which all coils go off */
static int turns[COILS];                     /* how often the master switched it on */
static double on_since[COILS], lasted[COILS]; /* and how long it was on the last time */

static void watch(const uint8_t *before, const uint8_t *after, double began) {
	for (int i = 0; i < COILS; i++) {
		if (!before[i] && after[i]) turns[i]++, on_since[i] = began;
		if (before[i] && !after[i]) lasted[i] = now() - on_since[i];
	}
}

static void obey(char *line, modbus_mapping_t *m) {
	char verb[8], kind[8];
	int address, value = 0;
	if (sscanf(line, "%7s %7s %d %d", verb, kind, &address, &value) < 3) return;
	int set = !strcmp(verb, "set");
	if (!strcmp(verb, "turns")) {
		printf("%d\n", turns[address]);
	} else if (!strcmp(verb, "lasted")) {
		printf("%d\n", (int)(lasted[address] * 1000));
	} else if (!strcmp(kind, "co") || !strcmp(kind, "di")) {
		uint8_t *bit = (!strcmp(kind, "co") ? m->tab_bits : m->tab_input_bits) + address;
		if (set) *bit = value;
		printf("%d\n", *bit);
	} else {
		uint16_t *word = (!strcmp(kind, "hr") ? m->tab_registers : m->tab_input_registers) + address;
		if (set) *word = value;
		printf("%d\n", *word);
	}
	fflush(stdout);
}

int main(int argc, char **argv) {
	int tcp = !strcmp(argv[1], "tcp"), listener = -1, peer = -1;
	modbus_t *ctx = tcp ? modbus_new_tcp("127.0.0.1", 0) : modbus_new_rtu(argv[2], 115200, 'E', 8, 1);
	modbus_mapping_t *m = modbus_mapping_new(COILS, 100, 100, 100);
	modbus_set_slave(ctx, 1);
	if (tcp) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t n = sizeof a;
		listener = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(listener, (struct sockaddr *)&a, n) || listen(listener, 8) || getsockname(listener, (struct sockaddr *)&a, &n)) return 1;
		printf("ready 127.0.0.1:%d\n", ntohs(a.sin_port));
	} else {
		if (modbus_connect(ctx)) return 1;
		peer = modbus_get_socket(ctx);
		printf("ready %s\n", argv[2]);
	}
	fflush(stdout);
	double silent = 0, last = now(); /* a machine that stalls for a while is no silence */
	for (;;) {
		fd_set set;
		FD_ZERO(&set);
		FD_SET(0, &set);
		if (listener >= 0) FD_SET(listener, &set);
		if (peer >= 0) FD_SET(peer, &set);
		struct timeval wait = {0, 50000};
		int max = listener > peer ? listener : peer;
		if (select(max + 1, &set, NULL, NULL, &wait) < 0) return 1;
		double is = now();
		silent += is - last < 0.2 ? is - last : 0.2;
		last = is;
		if (silent > WATCHDOG) memset(m->tab_bits, 0, COILS);
		if (FD_ISSET(0, &set)) { /* a line a time: the test waits for the answer */
			char line[64];
			ssize_t n = read(0, line, sizeof line - 1);
			if (n <= 0) return 0;
			line[n] = 0;
			obey(line, m);
		}
		if (listener >= 0 && FD_ISSET(listener, &set)) { /* one master: the newest */
			if (peer >= 0) close(peer);
			peer = accept(listener, NULL, NULL);
			modbus_set_socket(ctx, peer);
			continue;
		}
		if (peer >= 0 && FD_ISSET(peer, &set)) {
			uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
			int n = modbus_receive(ctx, query);
			if (n > 0) {
				uint8_t before[COILS];
				memcpy(before, m->tab_bits, COILS);
				silent = 0;
				modbus_reply(ctx, query, n, m);
				watch(before, m->tab_bits, is);
			} else if (n < 0 && tcp) {
				close(peer);
				peer = -1;
			}
		}
	}
}
