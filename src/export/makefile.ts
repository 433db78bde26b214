/** Makefile of an exported library. */
export function makefile(name: string): string {
  const warnings = "-Wall -Wextra";
  return `# make: static and shared library; make test: the same numbers as where it was exported; make OPENMP=: one thread; OpenMP is used where the compiler has it
CC ?= cc
OPENMP ?= $(shell echo 'int main(void) { return omp_get_max_threads() < 1; }' | $(CC) -fopenmp -include omp.h -x c - -o /dev/null 2>/dev/null && echo -fopenmp)
CFLAGS ?= -O3 -march=native -fno-math-errno -fno-trapping-math
FLAGS = -std=c11 ${warnings} -fPIC $(OPENMP) $(CFLAGS)

all: lib${name}.a lib${name}.so test

${name}.o: ${name}.c ${name}.h
	$(CC) $(FLAGS) -c -o $@ ${name}.c

lib${name}.a: ${name}.o
	$(AR) rcs $@ ${name}.o

lib${name}.so: ${name}.o
	$(CC) $(FLAGS) -shared -o $@ ${name}.o -lm

test: test.c lib${name}.a
	$(CC) $(FLAGS) -o $@ test.c lib${name}.a -lm

check: test
	./test

clean:
	rm -f ${name}.o lib${name}.a lib${name}.so test

.PHONY: all check clean
`;
}
